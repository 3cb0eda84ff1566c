using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting.Paper;

/// <summary>An evaluation and what was done to its model.</summary>
/// <param name="Treatment">What was done.</param>
/// <param name="Ratio">Part of the layers that was asked for; null where only the layers are known.</param>
/// <param name="Source">The folder, as the report names it.</param>
/// <param name="Run">Scores and outcomes.</param>
internal sealed record EvaluatedModel(Treatment Treatment, double? Ratio, string Source, ScoredRun Run)
{
    /// <summary>All that decides a score besides the model: only evaluations that agree in it are compared.</summary>
    public string Setting { get; } = SettingOf(Run.Scores.Settings);

    /// <summary>The root folder of the evaluation, as the report names it.</summary>
    public string Root => Source.Split('/')[0];

    private static string SettingOf(EvaluationSettings s)
    {
        string text = $"{s.Protocol} protocol, {(s.MaxNewTokens > 0 ? $"at most {s.MaxNewTokens} new tokens" : "unknown token limit")}, "
            + $"{s.HowSampled()}, {s.Prompts} prompts, rules {s.Rules}, judge {s.Judge}";
        if (s.Limit is { } limit) text += $", the first {limit} rows of each table";
        if (s.MaxPixels is { } pixels) text += $", images of at most {pixels} pixels";
        if (s.Overrides is { Count: > 0 } overrides)
            text += $", {string.Join(", ", overrides.Keys.Order(StringComparer.Ordinal))} asked in another way";
        return text;
    }
}
