namespace Interlace.Reporting;

/// <summary>One optimiser step.</summary>
/// <param name="Step">Number of the step.</param>
/// <param name="Loss">Cross-entropy in nats a token.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="SamplesPerSecond">Speed.</param>
/// <param name="MemoryBytes">Memory in use.</param>
public sealed record TrainingRow(int Step, double Loss, double LearningRate, double GradientNorm, double SamplesPerSecond,
    long MemoryBytes);
