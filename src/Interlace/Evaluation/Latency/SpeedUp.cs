namespace Interlace.Evaluation.Latency;

/// <summary>How many times faster than the first model: medians over the questions
/// of the first model's time / the model's time on the same question.</summary>
/// <param name="TimeToFirstToken">All stages.</param>
/// <param name="Prefill">The decoder over the prompt, to be held against the ideal.</param>
/// <param name="PerToken">Each further token.</param>
public sealed record SpeedUp(Estimate TimeToFirstToken, Estimate Prefill, Estimate PerToken);
