using Interlace.DemoModel.Sources;
using Interlace.Vlm.Images;

namespace Interlace.DemoModel.Scenes;

/// <summary>A number of one to four written digits of one colour, in a row.</summary>
internal static class DigitScene
{
    private const int Width = 16, Height = 16, Inset = 3;

    private static readonly string[] All = [.. Enumerable.Range(0, 10).Select(d => $"{d}")], Counts = ["1", "2", "3", "4"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        int count = chance.Pick([1, 2, 2, 3, 3, 4]), colour = chance.Pick(Colours.On(canvas));
        int x = chance.Between(0, 4 - count) * Width + chance.Between(-1, 1), y = chance.Below(4) * Height;
        int[] digits = new int[count];
        var marks = new List<Mark>();
        for (int i = 0; i < count; i++, x += Width)
        {
            digits[i] = chance.Below(10);
            int top = y + chance.Between(-1, 1);
            canvas.Tint(Colours.Values[colour], Small(chance.Pick(sources.Digits[digits[i]])), Width, x, top);
            marks.Add(new(new(x, top, Width, Height), $"{digits[i]}", Colours.Names[colour]));
        }
        string number = string.Concat(digits);
        return new("digits", canvas.ToImage(), $"{Colours.Names[colour]} number {number}", Questions(chance, digits, number, Colours.Names[colour]), marks, [Drill.OfPresence(chance, digits.Select(d => $"{d}"), All)]);
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

    /// <summary>The 28 x 28 digit without its empty rim, made small.</summary>
    private static byte[] Small(byte[] grey)
    {
        const int side = 28 - 2 * Inset;
        var inner = Enumerable.Range(0, side * side).Select(i => grey[(i / side + Inset) * 28 + i % side + Inset]);
        RgbImage resized = Resize.Bicubic(new RgbImage(side, side, [.. inner.SelectMany(g => new[] { g, g, g })]), Width, Height);
        return [.. Enumerable.Range(0, Width * Height).Select(i => resized.Pixels[3 * i])];
    }
}
