namespace Interlace.Evaluation.Latency;

/// <summary>The measurements of one benchmark.</summary>
/// <param name="Samples">Questions measured.</param>
/// <param name="VisualTokens">Median number of visual tokens of a question.</param>
/// <param name="TextTokens">Median number of its other tokens.</param>
/// <param name="Skipped">Questions left out because an image or the text could not be used.</param>
/// <param name="Models">In the order of the models.</param>
public sealed record BenchmarkLatency(string Name, string? Group, int Samples, double VisualTokens, double TextTokens, int Skipped,
    ModelLatency[] Models);
