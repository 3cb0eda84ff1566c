using Interlace.Evaluation.Latency;

namespace Interlace.Reporting.Paper;

/// <summary>Everything found about one model.</summary>
/// <param name="Name">Its name.</param>
internal sealed record FoundModel(string Name)
{
    /// <summary>Decoder layers before pruning, where known.</summary>
    public int? Layers { get; set; }

    /// <summary>Its evaluations.</summary>
    public List<EvaluatedModel> Evaluations { get; } = [];

    /// <summary>Its likelihoods of texts and choices.</summary>
    public List<LikelihoodModel> Likelihoods { get; } = [];

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
