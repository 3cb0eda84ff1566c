namespace Interlace.Experiments;

/// <summary>How one benchmark is asked, where that differs from the others; what is absent does not.</summary>
/// <param name="Limit">At most this many rows.</param>
/// <param name="MaxNewTokens">New tokens of an answer.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Sampling">greedy or qwen.</param>
public sealed record BenchmarkOverrides(int? Limit = null, int? MaxNewTokens = null, string? Prompts = null, string? Sampling = null);
