using Interlace.DemoModel.Sources;
using Interlace.Vlm.Images;

namespace Interlace.DemoModel.Scenes;

/// <summary>A number of one to four written digits of one colour.</summary>
internal static class DigitScene
{
    private static readonly string[] All = [.. Enumerable.Range(0, 10).Select(d => $"{d}")], Counts = ["1", "2", "3", "4"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        int count = chance.Pick([1, 2, 2, 3, 3, 4]), width = count switch { 1 or 2 => 28, 3 => 20, _ => 16 };
        int colour = chance.Below(Colours.Names.Count), x = chance.Between(0, Canvas.Side - count * width), y = chance.Between(0, Canvas.Side - 30);
        int[] digits = new int[count];
        var facts = new List<Fact>();
        for (int i = 0; i < count; i++, x += width)
        {
            digits[i] = chance.Below(10);
            byte[] picture = Narrow(chance.Pick(sources.Digits[digits[i]]), width);
            int top = y + chance.Between(0, 2);
            canvas.Tint(Colours.Values[colour], picture, width, x, top);
            facts.Add(new Fact(i, new(x, top, width, picture.Length / width), 11 + digits[i], colour));
        }
        string number = string.Concat(digits);
        return new("digits", canvas.ToImage(), $"{Colours.Names[colour]} number {number}", Questions(chance, digits, number, Colours.Names[colour]), facts, [], []);
    }

    private static List<Question> Questions(Chance chance, int[] digits, string number, string colour)
    {
        var questions = new List<Question>
        {
            new("read", "What number is written in the image?", number),
            new("digit-color", "What color are the digits?", colour, Colours.Names),
            Question.OfYesNo($"Is there a {chance.Pick(digits)} in the image?", true),
            Question.OfYesNo($"Is there a {chance.Pick([.. Enumerable.Range(0, 10).Except(digits)])} in the image?", false),
        };
        if (digits.Length == 1) return questions;
        questions.Add(new("largest", "What is the largest digit?", $"{digits.Max()}", All));
        questions.Add(new("digit-count", "How many digits are there?", $"{digits.Length}", Counts));
        if (digits.Length == 2) questions.Add(new("sum", "What is the sum of the digits?", $"{digits.Sum()}"));
        return questions;
    }

    /// <summary>The 28 x 28 digit without its empty sides, made narrower: 26 rows of so many pixels.</summary>
    private static byte[] Narrow(byte[] grey, int width)
    {
        if (width == 28) return grey;
        RgbImage resized = Resize.Bicubic(new RgbImage(28, 28, [.. grey.SelectMany(g => new[] { g, g, g })]), width + 2, 26);
        return [.. Enumerable.Range(0, 26 * width).Select(i => resized.Pixels[(i / width * (width + 2) + i % width + 1) * 3])];
    }
}
