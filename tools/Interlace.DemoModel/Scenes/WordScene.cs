using Interlace.DemoModel.Sources;
using SkiaSharp;

namespace Interlace.DemoModel.Scenes;

/// <summary>A sign with one or two words, known ones or mere letters.</summary>
internal static class WordScene
{
    private const int LongestWord = 8;
    private const double KnownWords = 0.6;

    private static readonly int[] Sizes = [19, 17, 15, 13, 11];
    private static readonly string[] Counts = ["1", "2", "3"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        bool dark = canvas.Brightness > 128;
        int count = chance.Pick([1, 1, 2]), y = chance.Between(4, 16);
        SKTypeface face = chance.Pick(sources.Fonts);
        var (words, letters) = (new List<string>(), new List<Letter>());
        using var paint = new SKPaint { Color = dark ? new SKColor(15, 15, 20) : new SKColor(250, 250, 245), IsAntialias = true };
        for (int i = 0; i < count; i++, y += chance.Between(22, 27))
        {
            using var font = new SKFont(face) { Edging = SKFontEdging.Antialias, Hinting = SKFontHinting.None };
            string word = Fitting(chance, sources, font, out float width);
            float x = chance.Between(0, (int)(Canvas.Side - width)), baseline = y - font.Metrics.Ascent - font.Size * 0.15f;
            canvas.Paint(skia => skia.DrawText(word, x, baseline, font, paint));
            words.Add(word);
            float[] starts = [.. font.GetGlyphPositions(word).Select(at => at.X), width];
            letters.AddRange(word.Select((letter, l) => new Letter(letter, new(x + starts[l], baseline + font.Metrics.Ascent, starts[l + 1] - starts[l], font.Metrics.Descent - font.Metrics.Ascent))));
        }
        return new("words", canvas.ToImage(), string.Join(", ", words), Questions(chance, words, sources), [], words, letters);
    }

    /// <summary>A word, and its largest size that fits; another word where none does.</summary>
    private static string Fitting(Chance chance, SceneSources sources, SKFont font, out float width)
    {
        while (true)
        {
            string word = chance.Happens(KnownWords) ? chance.Pick(sources.Words) : Letters(chance);
            if (word.Length > LongestWord || sources.Withheld.Contains(word)) continue;
            foreach (int size in Sizes)
            {
                font.Size = size;
                width = font.MeasureText(word);
                if (width <= Canvas.Side - 2) return word;
            }
        }
    }

    private static string Letters(Chance chance) => string.Concat(Enumerable.Range(0, chance.Between(3, 6)).Select(_ => (char)('a' + chance.Below(26))));

    private static List<Question> Questions(Chance chance, List<string> words, SceneSources sources)
    {
        string other = chance.Pick([.. sources.Words.Where(w => !words.Contains(w))]);
        var questions = new List<Question>
        {
            new("letter", $"What is the first letter of the {(words.Count == 1 ? "word" : "first word")}?", words[0][..1]),
            Question.OfYesNo($"Does the sign say {chance.Pick(words)}?", true),
            Question.OfYesNo($"Does the sign say {other}?", false),
        };
        if (words.Count == 1) return [new("word", "What does the sign say?", words[0]), .. questions];
        return [new("word", "What is the first word?", words[0]), new("word", "What is the second word?", words[1]), new("word-count", "How many words are there?", "2", Counts), .. questions];
    }
}
