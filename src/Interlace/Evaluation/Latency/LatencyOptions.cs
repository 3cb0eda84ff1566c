namespace Interlace.Evaluation.Latency;

/// <summary>How latency is measured.</summary>
/// <param name="Samples">Questions of each benchmark, spread evenly over its table; all where it has fewer.</param>
/// <param name="NewTokens">Tokens generated after the first one, by every model.</param>
/// <param name="WarmUp">Questions of each benchmark that are asked first and not counted.</param>
public sealed record LatencyOptions(int Samples = 20, int NewTokens = 16, int WarmUp = 2);
