using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Scoring;

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

/// <summary>Cosine similarity by depth (paper 3.2).</summary>
/// <param name="Layer">[L]: input against output of layer l.</param>
/// <param name="Triplet">[L-2]: input of layer i against output of layer i+2.</param>
/// <param name="LayerErrors">[L]: standard errors, where known.</param>
/// <param name="TripletErrors">[L-2]: standard errors, where known.</param>
/// <param name="Tokens">Tokens measured.</param>
/// <param name="Samples">Samples they came from.</param>
public sealed record SimilarityData(double[] Layer, double[] Triplet, double[]? LayerErrors = null, double[]? TripletErrors = null,
    long Tokens = 0, long Samples = 0);

/// <summary>What happens to each layer (paper 3.3, Algorithm 1).</summary>
/// <param name="LayerCount">Layers of the unpruned model.</param>
/// <param name="Drop">Dropped layers, in the numbers of the unpruned model.</param>
/// <param name="Tune">Tuned layers, likewise.</param>
/// <param name="Freeze">All others, likewise.</param>
/// <param name="ProtectedCount">The first so many layers may not be dropped.</param>
/// <param name="Triplets">First layers of the chosen triplets in the order of choice; empty for methods without triplets.</param>
/// <param name="Method">Name of the method.</param>
public sealed record PlanData(int LayerCount, int[] Drop, int[] Tune, int[] Freeze, int ProtectedCount = 0, int[]? Triplets = null,
    string Method = "interlace");

/// <summary>The log of a recovery.</summary>
/// <param name="Rows">One for each optimiser step that was logged, in order.</param>
/// <param name="Validation">Losses on held-back samples, in order; may be empty.</param>
public sealed record TrainingData(IReadOnlyList<TrainingRow> Rows, IReadOnlyList<ValidationLoss>? Validation = null);

/// <summary>One optimiser step.</summary>
/// <param name="Step">Number of the step.</param>
/// <param name="Loss">Cross-entropy in nats a token.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="SamplesPerSecond">Speed.</param>
/// <param name="MemoryBytes">Memory in use.</param>
public sealed record TrainingRow(int Step, double Loss, double LearningRate, double GradientNorm, double SamplesPerSecond,
    long MemoryBytes);

/// <summary>Loss on held-back samples after a step.</summary>
public sealed record ValidationLoss(int Step, double Loss);

/// <summary>What one model scored.</summary>
/// <param name="Name">dense, dropped, recovered, or another name.</param>
/// <param name="Average">Mean over the benchmarks, in percent.</param>
/// <param name="Benchmarks">The benchmarks in the order of the table.</param>
/// <param name="AverageInterval">95 % interval of the average.</param>
/// <param name="Relative">Mean over benchmarks of score / baseline score, in percent.</param>
/// <param name="RelativeInterval">Its 95 % interval.</param>
public sealed record ModelScores(
    string Name, double Average, IReadOnlyList<BenchmarkScore> Benchmarks, Interval? AverageInterval = null, double? Relative = null, Interval? RelativeInterval = null);

/// <summary>The headline score of a benchmark.</summary>
/// <param name="Benchmark">Name of the benchmark.</param>
/// <param name="Score">In percent.</param>
/// <param name="Interval">95 % interval.</param>
/// <param name="ExtractionFailures">Share of the answers from which no choice could be read.</param>
/// <param name="Truncated">Share of the answers that ran into the token limit.</param>
public sealed record BenchmarkScore(string Benchmark, double Score, Interval? Interval = null, double? ExtractionFailures = null,
    double? Truncated = null);

/// <summary>A question and what the models made of it.</summary>
/// <param name="Question">Text of the question.</param>
/// <param name="CorrectAnswer">The right answer.</param>
/// <param name="Answers">The models' answers.</param>
/// <param name="Image">The bytes of the image file, where there is one.</param>
/// <param name="ImageType">Its media type, such as <c>image/jpeg</c>.</param>
/// <param name="Benchmark">The benchmark that it comes from.</param>
public sealed record ExampleQuestion(
    string Question, string CorrectAnswer, IReadOnlyList<ExampleAnswer> Answers, byte[]? Image = null, string ImageType = "image/jpeg", string? Benchmark = null);

/// <summary>One model's answer; <paramref name="Right"/> is absent where it was scored in between.</summary>
public sealed record ExampleAnswer(string Model, string Text, bool? Right);
