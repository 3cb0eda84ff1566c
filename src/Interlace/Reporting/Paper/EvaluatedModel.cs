using Interlace.Artefacts;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Latency;
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
        string text = $"{s.Protocol} protocol, {(s.MaxNewTokens > 0 ? $"at most {s.MaxNewTokens} new tokens" : "unknown token limit")}, {s.Sampling}, {s.Prompts} prompts, rules {s.Rules}, judge {s.Judge}";
        if (s.Limit is { } limit) text += $", the first {limit} rows of each table";
        if (s.MaxPixels is { } pixels) text += $", images of at most {pixels} pixels";
        if (s.Overrides is { Count: > 0 } overrides)
            text += $", {string.Join(", ", overrides.Keys.Order(StringComparer.Ordinal))} asked in another way";
        return text;
    }
}

/// <summary>A training and where it comes from.</summary>
internal sealed record Training(string Label, string Source, TrainingData Data);

/// <summary>A plan and where it comes from.</summary>
internal sealed record Planned(string Label, string Source, PlanData Plan);

/// <summary>What one folder cost.</summary>
/// <param name="Source">The folder, as the report names it.</param>
/// <param name="Stages">Its stages.</param>
/// <param name="EnergyJoules">Energy, where the machine tells it.</param>
/// <param name="Samples">Samples tuned on.</param>
/// <param name="Memory">Highest memory use in bytes.</param>
internal sealed record FolderCost(string Source, IReadOnlyList<StageCost> Stages, double? EnergyJoules, long? Samples, long? Memory);

/// <summary>Everything found about one model.</summary>
/// <param name="Name">Its name.</param>
internal sealed record FoundModel(string Name)
{
    /// <summary>Decoder layers before pruning, where known.</summary>
    public int? Layers { get; set; }

    /// <summary>Its evaluations.</summary>
    public List<EvaluatedModel> Evaluations { get; } = [];

    /// <summary>What calibration measured.</summary>
    public SimilarityData? Similarity { get; set; }

    /// <summary>Its plans.</summary>
    public List<Planned> Plans { get; } = [];

    /// <summary>Its trainings.</summary>
    public List<Training> Trainings { get; } = [];

    /// <summary>Its measured times.</summary>
    public List<(string Source, LatencyFile File)> Latencies { get; } = [];

    /// <summary>What its folders cost.</summary>
    public List<FolderCost> Costs { get; } = [];
}
