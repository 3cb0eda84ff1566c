using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>From answers to a score: each kind of benchmark has one scorer.</summary>
public static class Scores
{
    /// <summary>Scores the answers of one benchmark.</summary>
    /// <param name="benchmark">The row; its kind chooses the scorer.</param>
    /// <param name="predictions">Answers with their rows; rows without an answer are not counted.</param>
    /// <param name="rules">The version of the extraction rules, which matters for multiple choice only.</param>
    public static Score Of(Benchmark benchmark, IReadOnlyList<Prediction> predictions,
        RuleSet rules = RuleSet.November2025) => benchmark.Kind switch
    {
        BenchmarkKind.Choice => ChoiceScores.Vanilla(predictions, rules, benchmark.HeadlineSplit),
        BenchmarkKind.Circular => ChoiceScores.Circular(predictions, rules, benchmark.HeadlineSplit),
        BenchmarkKind.Cycle => ChoiceScores.Cycles(predictions, rules),
        BenchmarkKind.YesNo => YesNo.Score(predictions),
        BenchmarkKind.Vqa => ShortAnswer.Score(predictions, ShortAnswer.Vqa),
        BenchmarkKind.Relaxed => ShortAnswer.Score(predictions, ShortAnswer.Relaxed),
        BenchmarkKind.Anls => ShortAnswer.Score(predictions, ShortAnswer.Anls),
        BenchmarkKind.Contains => Ocr.Score(predictions),
        BenchmarkKind.Judged => Judge.Score(predictions),
        _ => throw new ArgumentOutOfRangeException(nameof(benchmark), benchmark.Kind, "No scorer for this kind."),
    };
}
