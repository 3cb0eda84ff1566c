using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Rules;

/// <summary>
/// Whether the right answers of a benchmark can be met at all. Rules compare literally:
/// a table that says <c>yes</c> where the rule expects <c>Yes</c> gives 0 to every model, which looks like a score and is none.
/// </summary>
public static class RightAnswers
{
    /// <summary>Refuses rows that no answers can be scored against, before a question is asked.</summary>
    /// <param name="benchmark">Its kind decides.</param>
    /// <param name="rows">The rows that are asked or were answered.</param>
    /// <param name="source">Where they come from, for messages.</param>
    /// <exception cref="InputException">There is no column of answers, all of its cells are empty,
    /// or the indices of a circular benchmark make no groups.</exception>
    public static void Check(Benchmark benchmark, IReadOnlyList<BenchmarkRow> rows, string source)
    {
        if (rows.Count == 0) return;
        if (benchmark.Kind == BenchmarkKind.Circular) ChoiceScores.CheckGroups(rows);
        if (benchmark.Kind == BenchmarkKind.Judged) return;   // a judge needs no right answer
        if (!rows.Any(row => row.Has(BenchmarkRow.AnswerColumn)))
            throw new InputException($"{source} has no column {BenchmarkRow.AnswerColumn}: without right answers nothing can be scored.");
        if (rows.All(IsEmpty))
        {
            throw new InputException($"{source} has no right answer: "
                + $"all {rows.Count} cells of its column {BenchmarkRow.AnswerColumn} are empty.");
        }
    }

    /// <summary>
    /// What a reader must know about the score, a sentence each: how many right answers no answer can meet, or every answer meets,
    /// with an example.
    /// </summary>
    public static IEnumerable<string> Warnings(Benchmark benchmark, IReadOnlyList<BenchmarkRow> rows)
    {
        if (benchmark.Kind == BenchmarkKind.Circular && ChoiceScores.OutsideGroups(rows) is > 0 and var outside)
            yield return $"{benchmark.Name}: {outside} of {rows.Count} rows are rotations of a question that is not among them, "
                + "and are not counted.";
        if (benchmark.Kind == BenchmarkKind.Judged) yield break;
        if (rows.Count(IsEmpty) is > 0 and var empty)
            yield return $"{benchmark.Name}: {empty} of {rows.Count} right answers are empty; no answer to them is right.";
        BenchmarkRow[] given = [.. rows.Where(row => !IsEmpty(row))], wrong = [.. given.Where(row => !CanBeMet(benchmark.Kind, row))];
        if (wrong.Length > 0)
            yield return $"{benchmark.Name}: {wrong.Length} of {rows.Count} answers are {Fault(benchmark.Kind)}, "
                + $"first {Printable.Quote(wrong[0].Answer!)} in row {Printable.Line(wrong[0].Index, Printable.LongestQuote)}; "
                + "no answer to them is right.";
        if (benchmark.Kind == BenchmarkKind.Contains
            && given.Count(row => Ocr.Contains("", row.Answer!, row.Category)) is > 0 and var always)
            yield return $"{benchmark.Name}: {always} of {rows.Count} right answers allow an empty text, which stands in every answer: "
                + "all answers to them are right.";
    }

    private static bool IsEmpty(BenchmarkRow row) => string.IsNullOrEmpty(row.Answer);

    /// <summary>Whether some answer scores.</summary>
    private static bool CanBeMet(BenchmarkKind kind, BenchmarkRow row)
    {
        string cell = row.Answer!;
        return kind switch
        {
            BenchmarkKind.YesNo => cell is "Yes" or "No",
            BenchmarkKind.Choice or BenchmarkKind.Circular or BenchmarkKind.Cycle =>
            cell is [var letter] && row.Options.Any(option => option.Letter == letter),
            BenchmarkKind.Vqa => ShortAnswer.Answers(cell).Count > 1,   // each answer is compared with the others
            // not nan, not inf, not a text with blanks around it
            BenchmarkKind.Relaxed => ShortAnswer.Answers(cell).Any(answer => ShortAnswer.MatchesRelaxed(answer, answer)),
            BenchmarkKind.Anls => ShortAnswer.Answers(cell).Count > 0,
            BenchmarkKind.Contains => PythonLiteral.ParseList(cell, orTuple: true) is not { Count: 0 },
            _ => true,
        };
    }

    private static string Fault(BenchmarkKind kind) => kind switch
    {
        BenchmarkKind.YesNo => "neither Yes nor No",
        BenchmarkKind.Choice or BenchmarkKind.Circular or BenchmarkKind.Cycle => "no letter of an option of their row",
        BenchmarkKind.Vqa => "no list of two answers or more, which this rule needs",
        _ => "equal to no text that a model can give",
    };
}
