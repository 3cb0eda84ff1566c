using Interlace.DemoModel.Sources;
using SkiaSharp;

namespace Interlace.DemoModel.Scenes;

/// <summary>A sign with one or two words of three or four capitals, known ones or mere letters, evenly spaced as on a board.</summary>
internal static class WordScene
{
    private const int Pitch = 16;
    private const double KnownWords = 0.6;

    private static readonly string[] Counts = ["1", "2", "3"], Alphabet = [.. Enumerable.Range('A', 26).Select(letter => $"{(char)letter}")];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.WithBackground(chance);
        bool dark = canvas.Brightness > 128;
        int[] rows = [.. chance.Sample(Enumerable.Range(0, Canvas.Side / Pitch), chance.Pick([1, 1, 2])).Order()];
        var (words, marks) = (new List<string>(), new List<Mark>());
        using var font = new SKFont(chance.Pick(sources.Fonts), chance.Between(14, 17)) { Edging = SKFontEdging.Antialias, Hinting = SKFontHinting.None };
        using var paint = new SKPaint { Color = dark ? new SKColor(15, 15, 20) : new SKColor(250, 250, 245), IsAntialias = true };
        foreach (int row in rows)
        {
            string word = Word(chance, sources);
            int left = chance.Between(0, Canvas.Side / Pitch - word.Length) * Pitch, shift = chance.Between(-1, 1), baseline = row * Pitch + 14 + chance.Between(-1, 1);
            foreach (var (i, letter) in word.Index())
            {
                int x = left + i * Pitch;
                canvas.Paint(skia => skia.DrawText($"{letter}", x + shift + (Pitch - font.MeasureText($"{letter}")) / 2, baseline, font, paint));
                marks.Add(new(new(x, row * Pitch, Pitch, Pitch), $"{letter}"));
            }
            words.Add(word);
        }
        return new("words", canvas.ToImage(), string.Join(", ", words), Questions(chance, words, sources), marks, [Drill.OfPresence(chance, words.SelectMany(word => word).Select(letter => $"{letter}"), Alphabet)]);
    }

    private static string Word(Chance chance, SceneSources sources)
    {
        while (true)
        {
            string word = chance.Happens(KnownWords) ? chance.Pick(sources.Words) : string.Concat(Enumerable.Range(0, chance.Between(3, 4)).Select(_ => (char)('A' + chance.Below(26))));
            if (!sources.Withheld.Contains(word)) return word;
        }
    }

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
