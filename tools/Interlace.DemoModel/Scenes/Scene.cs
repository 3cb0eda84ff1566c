using Interlace.DemoModel.Sources;
using Interlace.Vlm.Images;

namespace Interlace.DemoModel.Scenes;

/// <summary>A question about a scene.</summary>
/// <param name="Kind">What it asks for; questions of one kind can replace each other in a benchmark.</param>
/// <param name="Text">The question.</param>
/// <param name="Answer">Its answer.</param>
/// <param name="Pool">Answers that could be offered beside the right one; null where the question is never multiple choice.</param>
public sealed record Question(string Kind, string Text, string Answer, IReadOnlyList<string>? Pool = null)
{
    /// <summary>The kind of questions that are answered with Yes or No; every scene has one of each answer.</summary>
    public const string YesNo = "yes-no";

    /// <summary>Such a question.</summary>
    public static Question OfYesNo(string text, bool yes) => new(YesNo, $"{text} Please answer yes or no.", yes ? "Yes" : "No");
}

/// <summary>
/// Several small questions in one turn, such as the colour of each of some garments. Every answer follows its item at once, so that what is like the item need only be found: the shortest way to learn to look for something.
/// No benchmark asks in this form.
/// </summary>
/// <param name="Text">What is asked of each.</param>
/// <param name="Items">Items and their answers.</param>
public sealed record Drill(string Text, IReadOnlyList<(string Item, string Answer)> Items)
{
    /// <summary>Whether each of some things is there: about half of them are.</summary>
    public static Drill OfPresence(Chance chance, IEnumerable<string> there, IEnumerable<string> pool)
    {
        string[] present = [.. there.Distinct()];
        return new("Is it there?", chance.Shuffled([.. chance.Shuffled(present).Take(3).Select(item => (item, "yes")), .. chance.Shuffled(pool.Except(present)).Take(Math.Min(3, present.Length + 1)).Select(item => (item, "no"))]));
    }
}

/// <summary>A rectangle in pixels.</summary>
public readonly record struct Box(float Left, float Top, float Width, float Height)
{
    /// <summary>True where the point lies in it.</summary>
    public bool Contains(float x, float y) => x >= Left && x < Left + Width && y >= Top && y < Top + Height;
}

/// <summary>Something in a scene that words name: a garment, a digit, a picture, a letter, a bar.</summary>
/// <param name="Box">Where it is drawn.</param>
/// <param name="Words">What can be said of it: its name, its colour, its value.</param>
public sealed record Mark(Box Box, params string[] Words);

/// <summary>An image, and what can be said about it.</summary>
/// <param name="Set">Name of its family.</param>
/// <param name="Image">64 x 64 pixels.</param>
/// <param name="Caption">Everything there is, in reading order.</param>
/// <param name="Questions">Questions with their answers.</param>
/// <param name="Marks">What is drawn where.</param>
/// <param name="Drills">Exercises.</param>
public sealed record Scene(string Set, RgbImage Image, string Caption, IReadOnlyList<Question> Questions, IReadOnlyList<Mark> Marks, IReadOnlyList<Drill> Drills);

/// <summary>The eight colours of the scenes.</summary>
public static class Colours
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["red", "green", "blue", "yellow", "orange", "purple", "pink", "brown"];

    /// <summary>Red, green and blue of each.</summary>
    public static IReadOnlyList<(byte Red, byte Green, byte Blue)> Values { get; } =
        [(214, 48, 49), (39, 158, 74), (45, 98, 214), (240, 205, 45), (235, 130, 30), (140, 60, 180), (240, 130, 185), (130, 82, 45)];

    private const double LeastContrast = 130;   // of 442, the way from black to white

    /// <summary>The indices of those that stand out from a background; of the one that does so most where none does.</summary>
    internal static int[] On(Canvas canvas)
    {
        var (red, green, blue) = canvas.Mean;
        double[] contrast = [.. Values.Select(c => Math.Sqrt(Math.Pow(c.Red - red, 2) + Math.Pow(c.Green - green, 2) + Math.Pow(c.Blue - blue, 2)))];
        return [.. Enumerable.Range(0, Values.Count).Where(i => contrast[i] >= Math.Min(LeastContrast, contrast.Max()))];
    }
}

/// <summary>The families of scenes and how often each is drawn.</summary>
public static class SceneFamilies
{
    /// <summary>Draws a scene.</summary>
    public delegate Scene Maker(Chance chance, SceneSources sources);

    /// <summary>Name, maker and share of each: among conversations, and while the vision tower learns to see, where what people write and wear needs more than print and bars.</summary>
    public static IReadOnlyList<(string Name, Maker Make, double Share, double ShareOfSeeing)> All { get; } =
    [
        ("garments", GarmentScene.Draw, 0.30, 0.29), ("digits", DigitScene.Draw, 0.20, 0.31), ("objects", ObjectScene.Draw, 0.14, 0.17), ("words", WordScene.Draw, 0.17, 0.14), ("charts", ChartScene.Draw, 0.19, 0.09),
    ];

    /// <summary>The maker of a family.</summary>
    public static Maker Of(string name) => All.Single(family => family.Name == name).Make;

    /// <summary>A scene of a family chosen by its share.</summary>
    public static Scene Draw(Chance chance, SceneSources sources) => Draw(chance, sources, family => family.Share);

    /// <summary>A scene for the vision tower to learn to see.</summary>
    public static Scene DrawToSee(Chance chance, SceneSources sources) => Draw(chance, sources, family => family.ShareOfSeeing);

    private static Scene Draw(Chance chance, SceneSources sources, Func<(string Name, Maker Make, double Share, double ShareOfSeeing), double> shareOf)
    {
        double x = chance.Real();
        return (All.FirstOrDefault(family => (x -= shareOf(family)) < 0).Make ?? All[^1].Make)(chance, sources);
    }

    /// <summary>Asks whether a thing is there.</summary>
    public static string IsThere(string name) => name is "trousers" or "grapes" ? $"Are there {name} in the image?" : $"Is there {(name[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {name} in the image?";
}
