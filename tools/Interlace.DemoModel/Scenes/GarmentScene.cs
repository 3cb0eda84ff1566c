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
        int[] cells = chance.Sample(Enumerable.Range(0, 4), chance.Pick([1, 2, 2, 3, 3, 4]));
        var facts = new List<Fact>();
        foreach (int cell in cells)
        {
            int kind = chance.Below(10), colour = chance.Below(Colours.Names.Count);
            byte[] picture = chance.Pick(sources.Garments[kind]);
            int x = cell % 2 * 32 + chance.Between(0, 4), y = cell / 2 * 32 + chance.Between(0, 4);
            canvas.Tint(Colours.Values[colour], picture, 28, x, y);
            facts.Add(new Fact(cell, new(x, y, 28, 28), 1 + kind, colour));
        }
        facts.Sort((a, b) => a.Place - b.Place);
        string caption = string.Join(", ", facts.Select(f => $"{Places[f.Place]} {Colour(f)} {Name(f)}"));
        return new("garments", canvas.ToImage(), caption, Questions(chance, facts), facts, [], []);
    }

    private static string Name(Fact fact) => SceneSources.GarmentNames[fact.What - 1];
    private static string Colour(Fact fact) => Colours.Names[fact.Colour!.Value];

    private static List<Question> Questions(Chance chance, List<Fact> facts)
    {
        Fact one = chance.Pick(facts), other = chance.Pick(facts);
        var questions = new List<Question>
        {
            new("name", $"What is in the {Places[one.Place]}?", Name(one), SceneSources.GarmentNames),
            new("color", $"What color is the item in the {Places[other.Place]}?", Colour(other), Colours.Names),
            new("count", "How many items are there?", $"{facts.Count}", Counts),
            Question.OfYesNo($"Is there {SceneFamilies.WithArticle(Name(chance.Pick(facts)))} in the image?", true),
            Question.OfYesNo($"Is there {SceneFamilies.WithArticle(chance.Pick([.. SceneSources.GarmentNames.Except(facts.Select(Name))]))} in the image?", false),
        };
        Fact[] single = [.. facts.Where(f => facts.Count(g => g.What == f.What) == 1)];
        if (single.Length == 0) return questions;
        Fact named = chance.Pick(single), coloured = chance.Pick(single);
        questions.Add(new("place", $"Where is the {Name(named)}?", Places[named.Place], Places));
        questions.Add(new("attribute", $"What color is the {Name(coloured)}?", Colour(coloured), Colours.Names));
        Fact[] across = [.. single.Where(f => f.Place % 2 != named.Place % 2)];
        if (across.Length > 0) questions.Add(new("side", $"Is the {Name(named)} on the left or right side of the {Name(chance.Pick(across))}?", Sides[named.Place % 2], Sides));
        return questions;
    }
}
