namespace Interlace;

/// <summary>Names of the artefacts in a run folder: each stage leaves one, and nothing else passes between stages.</summary>
public static class RunFolder
{
    /// <summary>What calibration measured.</summary>
    public const string Similarity = Calibration.LayerSimilarity.Name;

    /// <summary>Which layers are dropped, tuned and frozen.</summary>
    public const string Plan = Pruning.PlanFile.Name;

    /// <summary>The pruned model.</summary>
    public const string Pruned = "pruned";

    /// <summary>The tuned model.</summary>
    public const string Tuned = "tuned";

    /// <summary>One folder per evaluated model, each with its predictions and scores.</summary>
    public const string Evaluated = "evaluated";

    /// <summary>Seconds of each stage.</summary>
    public const string Timings = "timings.json";

    /// <summary>The run in numbers.</summary>
    public const string Summary = "summary.json";

    /// <summary>The run to look at.</summary>
    public const string Report = "report.html";
}
