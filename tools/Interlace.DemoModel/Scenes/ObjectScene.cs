using Interlace.DemoModel.Sources;
using SkiaSharp;

namespace Interlace.DemoModel.Scenes;

/// <summary>One large thing, or two smaller ones side by side.</summary>
internal static class ObjectScene
{
    private static readonly string[] Sides = ["left", "right"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        int count = chance.Pick([1, 1, 2]);
        var (shown, marks) = (new List<ThingPicture>(), new List<Mark>());
        for (int i = 0; i < count; i++)
        {
            ThingPicture thing = chance.Pick(sources.Things);
            int side = count == 1 ? chance.Between(44, 60) : chance.Between(28, 32), turn = chance.Between(-12, 12);
            int x = count == 1 ? chance.Between(0, Canvas.Side - side) : i * 32 + chance.Between(0, 32 - side), y = count == 1 ? chance.Between(0, Canvas.Side - side) : chance.Below(3) * 16 + chance.Between(0, 32 - side);
            canvas.Paint(skia =>
            {
                skia.Translate(x + side / 2f, y + side / 2f);
                skia.RotateDegrees(turn);
                skia.DrawImage(thing.Image, SKRect.Create(-side / 2f, -side / 2f, side, side), new SKSamplingOptions(SKCubicResampler.CatmullRom));
            });
            shown.Add(thing);
            marks.Add(new(new(x, y, side, side), thing.Name));
        }
        string caption = count == 1 ? shown[0].Name : string.Join(", ", shown.Select((t, i) => $"{Sides[i]} {t.Name}"));
        return new("objects", canvas.ToImage(), caption, Questions(chance, [.. shown], sources), marks,
            [Drill.OfPresence(chance, shown.Select(t => t.Name), sources.Things.Select(t => t.Name)), new("What kind of thing is it?", [.. chance.Sample(sources.Things, 3).Select(t => (t.Name, t.Kind))])]);
    }

    private static List<Question> Questions(Chance chance, ThingPicture[] shown, SceneSources sources)
    {
        string[] names = [.. sources.Things.Select(t => t.Name)], kinds = [.. sources.Things.Select(t => t.Kind).Distinct().Order(StringComparer.Ordinal)];
        var questions = new List<Question>
        {
            Question.OfYesNo(SceneFamilies.IsThere(chance.Pick(shown).Name), true),
            Question.OfYesNo(SceneFamilies.IsThere(chance.Pick([.. names.Except(shown.Select(t => t.Name))])), false),
        };
        if (shown.Length == 1) return [new("name", "What is this?", shown[0].Name, names), new("kind", "What kind of thing is this?", shown[0].Kind, kinds), .. questions];
        int i = chance.Below(2), j = chance.Below(2);
        questions.Add(new("name", $"What is on the {Sides[i]}?", shown[i].Name, names));
        questions.Add(new("kind", $"What kind of thing is on the {Sides[j]}?", shown[j].Kind, kinds));
        if (shown[0].Name != shown[1].Name) questions.Add(new("place", $"Is the {shown[i].Name} on the left or right?", Sides[i], Sides));
        return questions;
    }
}
