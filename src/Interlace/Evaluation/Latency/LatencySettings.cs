namespace Interlace.Evaluation.Latency;

/// <summary>How it was measured.</summary>
/// <param name="Samples">Questions of each benchmark, spread evenly over its table.</param>
/// <param name="NewTokens">Tokens generated after the first one.</param>
/// <param name="WarmUp">Questions of each benchmark that were asked before and not counted.</param>
/// <param name="Threads">Threads of the engine on the CPU.</param>
public sealed record LatencySettings(int Samples, int NewTokens, int WarmUp, int Seed, int? MaxPixels, string Device, string Dtype,
    int Threads);
