using System.Text.Json.Nodes;
using Interlace.Artefacts;

namespace Interlace.Reporting;

/// <summary>
/// Everything a report is made from, as plain values that artefacts can fill. Whatever is absent is left out of the report.
/// Layers are counted from 0, scores are in percent,
/// shares run from 0 to 1.
/// </summary>
/// <param name="Title">Heading of the report.</param>
/// <param name="Model">Name of the model that was pruned.</param>
/// <param name="Version">Version of the program that made the run.</param>
public sealed record ReportData(string Title, string Model, string Version)
{
    /// <summary>Seed of the run.</summary>
    public int? Seed { get; init; }

    /// <summary>How the models were asked: protocol, token limit, baseline of the relative numbers.</summary>
    public string? Protocol { get; init; }

    /// <summary>The settings of the run, as it recorded them.</summary>
    public JsonNode? Settings { get; init; }

    /// <summary>What calibration measured.</summary>
    public SimilarityData? Similarity { get; init; }

    /// <summary>Which layers were dropped, tuned and kept as they are.</summary>
    public PlanData? Plan { get; init; }

    /// <summary>The log of the recovery.</summary>
    public TrainingData? Training { get; init; }

    /// <summary>The models that were scored, the baseline first; by convention <c>dense</c>, <c>dropped</c> and <c>recovered</c>.</summary>
    public IReadOnlyList<ModelScores> Models { get; init; } = [];

    /// <summary>The models whose likelihoods of texts or choices were taken, the baseline first.</summary>
    public IReadOnlyList<ModelLikelihoods> Likelihoods { get; init; } = [];

    /// <summary>What a reader must be told of the scores: rows that were left out, right answers that no answer can meet.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Questions with the answers of the models.</summary>
    public IReadOnlyList<ExampleQuestion> Examples { get; init; } = [];

    /// <summary>The stages of the run in their order.</summary>
    public IReadOnlyList<StageCost> Stages { get; init; } = [];

    /// <summary>Highest memory use of the run, in bytes.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>
    /// Share of the loss in average score that the recovery won back: (recovered - dropped) / (dense - dropped);
    /// absent where one of the three is missing or dropping cost nothing.
    /// </summary>
    public double? ShareRegained =>
        Average("dense") is { } dense && Average("dropped") is { } dropped && Average("recovered") is { } recovered && dense > dropped
            ? (recovered - dropped) / (dense - dropped)
            : null;

    private double? Average(string name) => Models.FirstOrDefault(model => model.Name == name)?.Average;
}
