using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>Rules for short free answers: relaxed accuracy (ChartQA),
/// VQA accuracy (TextVQA) and edit distance (DocVQA) (evaluation rules 10.3 to 10.5).</summary>
public static class ShortAnswer
{
    private const double Tolerance = 0.05;
    private const double AnlsThreshold = 0.5;

    /// <summary>The answers of a cell: the items of a Python list, or the cell itself.</summary>
    public static IReadOnlyList<string> Answers(string cell) => PythonLiteral.ParseList(cell) ?? [cell];

    /// <summary>1 if the answer equals one of the cell's, numbers within 5 %, texts ignoring case; else 0.</summary>
    public static double Relaxed(string prediction, string answerCell) =>
        Answers(answerCell).Any(answer => MatchesRelaxed(prediction, answer)) ? 1 : 0;

    /// <summary>Whether one answer is met: as numbers (<c>14%</c> is 0.14) where both are and the right one is not 0,
    /// else as texts ignoring case.</summary>
    public static bool MatchesRelaxed(string prediction, string answer)
    {
        string stripped = PythonText.Strip(prediction);
        return Number(stripped) is { } given && Number(answer) is { } right && right != 0
            ? Math.Abs(given - right) / Math.Abs(right) <= Tolerance
            : PythonText.Lower(stripped) == PythonText.Lower(answer);
    }

    /// <summary>
    /// The mean over the human answers of how many of the others the answer equals, a third of a point each, at most one.
    /// An answer cell that is no list gives 0.
    /// </summary>
    public static double Vqa(string prediction, string answerCell)
    {
        string given = Normalize(prediction);
        string[] right = [.. Answers(answerCell).Select(Normalize)];
        int matches = right.Count(answer => answer == given);
        return right.Length == 0 ? 0 : right.Average(answer => Math.Min(1, (matches - (answer == given ? 1 : 0)) / 3.0));
    }

    /// <summary>The normal form of an answer under the VQA rule:
    /// no punctuation, lower case, digits for number words, no articles, apostrophes in contractions.</summary>
    public static string Normalize(string answer)
    {
        string text = Punctuation.Strip(PythonText.Strip(answer.Replace('\n', ' ').Replace('\t', ' ')));
        IEnumerable<string> words = PythonText.Split(PythonText.Lower(text))
            .Select(word => VqaWords.Numbers.GetValueOrDefault(word, word))
            .Where(word => !VqaWords.Articles.Contains(word))
            .Select(word => VqaWords.Contractions.GetValueOrDefault(word, word));
        return string.Join(' ', words);
    }

    /// <summary>1 - the smallest normalised edit distance to an answer of the cell; 0 below 0.5.</summary>
    public static double Anls(string prediction, string answerCell)
    {
        IReadOnlyList<string> answers = Answers(answerCell);
        double similarity = answers.Count == 0 ? 0 : 1 - answers.Min(answer => EditDistance(prediction, answer));
        return similarity < AnlsThreshold ? 0 : similarity;
    }

    /// <summary>Levenshtein distance of the lower-cased, space-collapsed texts over the longer raw upper-cased length, in code points;
    /// 0 where both are empty.</summary>
    public static double EditDistance(string prediction, string answer)
    {
        int length = Math.Max(PythonText.UpperLength(answer), PythonText.UpperLength(prediction));
        return length == 0 ? 0 : (double)Levenshtein(Collapsed(prediction), Collapsed(answer)) / length;
    }

    /// <summary>The mean of a rule over rows, and per split and category.</summary>
    /// <param name="predictions">Answers, in any order.</param>
    /// <param name="rule">(prediction, answer cell) to 0..1.</param>
    public static Score Score(IReadOnlyList<Prediction> predictions, Func<string, string, double> rule)
    {
        (BenchmarkRow Row,
            double Value)[] rows = [.. predictions.Select(p => (p.Row, p.Row.Answer is { } answer ? rule(p.Text, answer) : 0))];
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        if (rows.Length > 0) scores["Overall"] = 100 * rows.Average(row => row.Value);
        foreach (Func<BenchmarkRow, string?> key in (Func<BenchmarkRow, string?>[])[row => row.Split, row => row.Category])
            foreach (var group in rows.Where(row => key(row.Row) is not null).GroupBy(row => key(row.Row)!)
                .OrderBy(group => group.Key, StringComparer.Ordinal))
                scores.TryAdd(group.Key, 100 * group.Average(row => row.Value));
        return Rules.Score.OfMean(rows, scores);
    }

    private static double? Number(string text) => text.EndsWith('%')
        ? PythonText.TryFloat(text.TrimEnd('%'), out double percent) ? percent / 100.0 : null
        : PythonText.TryFloat(text, out double value) ? value : null;

    private static int[] Collapsed(string text) => PythonText.CodePoints(string.Join(' ', PythonText.Split(PythonText.Lower(text))));

    private static int Levenshtein(int[] a, int[] b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
