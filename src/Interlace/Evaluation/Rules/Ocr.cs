using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>OCRBench: an answer counts where it stands in the text (evaluation rule 10.6).</summary>
public static class Ocr
{
    /// <summary>The category whose texts keep their case and lose their blanks.</summary>
    public const string Handwritten = "Handwritten Mathematical Expression Recognition";

    private const string TextRecognition = "Text Recognition";

    private static readonly HashSet<string> TextRecognitions = new(StringComparer.Ordinal)
    {
        "Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition", "Handwriting Recognition",
            "Digit String Recognition", "Non-Semantic Text Recognition",
    };

    private static readonly string[] Parts = [TextRecognition, "Scene Text-centric VQA", "Doc-oriented VQA", "Key Information Extraction",
        Handwritten];

    /// <summary>Whether any of the answers stands in the text; an empty answer always does.</summary>
    /// <param name="prediction">The model's text.</param>
    /// <param name="answerCell">A Python list or tuple of answers, or one answer.</param>
    /// <param name="category">The row's category; <see cref="Handwritten"/> is compared otherwise.</param>
    public static bool Contains(string prediction, string answerCell, string? category)
    {
        Func<string, string> form = category == Handwritten ? Formula : Words;
        string text = form(prediction);
        return (PythonLiteral.ParseList(answerCell, orTuple: true) ?? [answerCell])
            .Any(answer => text.Contains(form(answer), StringComparison.Ordinal));
    }

    /// <summary>
    /// The share of rows in percent. Sub-scores: each category and OCRBench's five parts in percent,
    /// the parts again as counts (<c>/count</c>),
    /// <c>Final Score</c> (rows right) and <c>Final Score Norm</c> (a tenth of it, which is a percentage on the full thousand rows only).
    /// </summary>
    public static Score Score(IReadOnlyList<Prediction> predictions)
    {
        (BenchmarkRow Row, double Value)[] rows =
            [.. predictions.Select(p => (p.Row, p.Row.Answer is { } answer && Contains(p.Text, answer, p.Row.Category) ? 1.0 : 0.0))];
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        if (rows.Length > 0) scores["Overall"] = 100 * rows.Average(row => row.Value);
        foreach (string part in Parts)
        {
            double[] values = [.. rows.Where(row => PartOf(row.Row.Category) == part).Select(row => row.Value)];
            if (values.Length > 0) scores[part] = 100 * values.Average();
            scores[part + "/count"] = values.Sum();
        }
        scores["Final Score"] = rows.Sum(row => row.Value);
        scores["Final Score Norm"] = scores["Final Score"] / 10;
        foreach (var category in rows.Where(row => row.Row.Category is not null).GroupBy(row => row.Row.Category!)
            .OrderBy(group => group.Key, StringComparer.Ordinal))
            scores.TryAdd(category.Key, 100 * category.Average(row => row.Value));
        return Rules.Score.OfMean(rows, scores,
            rows.Length is 0 or 1000 ? null : $"100 x right / rows over {rows.Length} rows; the published Final Score Norm supposes 1000.");
    }

    private static string? PartOf(string? category) =>
        category is not null && TextRecognitions.Contains(category) ? TextRecognition : category;

    private static string Formula(string text) => PythonText.Strip(text).Replace('\n', ' ').Replace(" ", "", StringComparison.Ordinal);

    private static string Words(string text) => PythonText.Strip(PythonText.Lower(text)).Replace('\n', ' ');
}
