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

/// <summary>A rectangle in pixels.</summary>
public readonly record struct Box(float Left, float Top, float Width, float Height)
{
    /// <summary>True where the point lies in it.</summary>
    public bool Contains(float x, float y) => x >= Left && x < Left + Width && y >= Top && y < Top + Height;
}

/// <summary>One thing in a scene, for training the vision tower alone.</summary>
/// <param name="Place">0..3: quadrant, or place from the left.</param>
/// <param name="Box">Where it is drawn.</param>
/// <param name="What">1..10 a garment, 11..20 a digit, 21 a bar, 22 and above a picture of <see cref="SceneSources.Things"/>.</param>
/// <param name="Colour">Index in <see cref="Colours.Names"/>, or null.</param>
/// <param name="Value">Height of a bar, 1..9, or null.</param>
public sealed record Fact(int Place, Box Box, int What, int? Colour = null, int? Value = null);

/// <summary>A letter of a word in the image: a..z, and where it is drawn.</summary>
public readonly record struct Letter(char Name, Box Box);

/// <summary>An image, and what can be said about it.</summary>
/// <param name="Set">Name of its family.</param>
/// <param name="Image">64 x 64 pixels.</param>
/// <param name="Caption">Everything there is, in reading order.</param>
/// <param name="Questions">Questions with their answers.</param>
/// <param name="Facts">The things in it.</param>
/// <param name="Words">The words in it, from the top.</param>
/// <param name="Letters">Their letters.</param>
public sealed record Scene(string Set, RgbImage Image, string Caption, IReadOnlyList<Question> Questions, IReadOnlyList<Fact> Facts, IReadOnlyList<string> Words, IReadOnlyList<Letter> Letters);

/// <summary>The eight colours of the scenes.</summary>
public static class Colours
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["red", "green", "blue", "yellow", "orange", "purple", "pink", "brown"];

    /// <summary>Red, green and blue of each.</summary>
    public static IReadOnlyList<(byte Red, byte Green, byte Blue)> Values { get; } =
        [(214, 48, 49), (39, 158, 74), (45, 98, 214), (240, 205, 45), (235, 130, 30), (140, 60, 180), (240, 130, 185), (130, 82, 45)];
}

/// <summary>The families of scenes and how often each is drawn.</summary>
public static class SceneFamilies
{
    /// <summary>Draws a scene.</summary>
    public delegate Scene Maker(Chance chance, SceneSources sources);

    /// <summary>Name, maker and share of each.</summary>
    public static IReadOnlyList<(string Name, Maker Make, double Share)> All { get; } =
    [
        ("garments", GarmentScene.Draw, 0.30), ("digits", DigitScene.Draw, 0.20), ("objects", ObjectScene.Draw, 0.14), ("words", WordScene.Draw, 0.17), ("charts", ChartScene.Draw, 0.19),
    ];

    /// <summary>The maker of a family.</summary>
    public static Maker Of(string name) => All.Single(family => family.Name == name).Make;

    /// <summary>A scene of a family chosen by its share.</summary>
    public static Scene Draw(Chance chance, SceneSources sources)
    {
        double x = chance.Real();
        foreach (var (_, make, share) in All)
        {
            if (x < share) return make(chance, sources);
            x -= share;
        }
        return All[^1].Make(chance, sources);
    }

    /// <summary>A name with its article.</summary>
    public static string WithArticle(string name) => name == "trousers" ? name : (name[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an " : "a ") + name;
}
