namespace Interlace.Evaluation.Latency;

/// <summary>One row of the paper's Table 4.</summary>
/// <param name="Group">The group, or null.</param>
/// <param name="Benchmark">The benchmark; null where the row is the mean of a group, or with no group the mean of all.</param>
/// <param name="Models">In the order of the models without the first.</param>
public sealed record SpeedUpRow(string? Group, string? Benchmark, SpeedUp[] Models);
