using Interlace.DemoModel.Sources;

namespace Interlace.DemoModel.Scenes;

/// <summary>One to four garments in a 2 x 2 grid, each in a colour.</summary>
internal static class GarmentScene
{
    private static readonly string[] Places = ["top left", "top right", "bottom left", "bottom right"];
    private static readonly string[] Sides = ["left", "right"], Counts = ["1", "2", "3", "4"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        int[] colours = Colours.On(canvas), cells = chance.Sample(Enumerable.Range(0, 4), chance.Pick([1, 2, 2, 3, 3, 4]));
        var (garments, marks) = (new List<Garment>(), new List<Mark>());
        foreach (int cell in cells.Order())
        {
            int kind = chance.Below(SceneSources.GarmentNames.Count), colour = chance.Pick(colours);
            byte[] picture = chance.Pick(sources.Garments[kind]);
            int x = cell % 2 * 32 + chance.Between(0, 4), y = cell / 2 * 32 + chance.Between(0, 4);
            canvas.Tint(Colours.Values[colour], picture, 28, x, y);
            garments.Add(new(cell, SceneSources.GarmentNames[kind], Colours.Names[colour]));
            marks.Add(new(new(x, y, 28, 28), SceneSources.GarmentNames[kind], Colours.Names[colour]));
        }
        string caption = string.Join(", ", garments.Select(g => $"{Places[g.Place]} {g.Colour} {g.Name}"));
        return new("garments", canvas.ToImage(), caption, Questions(chance, garments), marks, Drills(chance, garments));
    }

    /// <summary>A garment in one of the four places.</summary>
    private readonly record struct Garment(int Place, string Name, string Colour);

    private static List<Drill> Drills(Chance chance, List<Garment> garments)
    {
        Garment[] single = Single(garments);
        Drill there = Drill.OfPresence(chance, garments.Select(g => g.Name), SceneSources.GarmentNames);
        return single.Length == 0 ? [there] : [there, new("What color is it?", chance.Shuffled(single.Select(g => (g.Name, g.Colour)))), new("Where is it?", chance.Shuffled(single.Select(g => (g.Name, Places[g.Place]))))];
    }

    /// <summary>Garments of which there is only one.</summary>
    private static Garment[] Single(List<Garment> garments) => [.. garments.Where(g => garments.Count(other => other.Name == g.Name) == 1)];

    private static List<Question> Questions(Chance chance, List<Garment> garments)
    {
        Garment one = chance.Pick(garments), other = chance.Pick(garments);
        var questions = new List<Question>
        {
            new("name", $"What is in the {Places[one.Place]}?", one.Name, SceneSources.GarmentNames),
            new("color", $"What color is the item in the {Places[other.Place]}?", other.Colour, Colours.Names),
            new("count", "How many items are there?", $"{garments.Count}", Counts),
            Question.OfYesNo(SceneFamilies.IsThere(chance.Pick(garments).Name), true),
            Question.OfYesNo(SceneFamilies.IsThere(chance.Pick([.. SceneSources.GarmentNames.Except(garments.Select(g => g.Name))])), false),
        };
        Garment[] single = Single(garments);
        if (single.Length == 0) return questions;
        Garment named = chance.Pick(single), coloured = chance.Pick(single);
        questions.Add(new("place", $"Where is the {named.Name}?", Places[named.Place], Places));
        questions.Add(new("attribute", $"What color is the {coloured.Name}?", coloured.Colour, Colours.Names));
        Garment[] across = [.. single.Where(g => g.Place % 2 != named.Place % 2)];
        if (across.Length > 0) questions.Add(new("side", $"Is the {named.Name} on the left or right side of the {chance.Pick(across).Name}?", Sides[named.Place % 2], Sides));
        return questions;
    }
}
