namespace Interlace.Training;

/// <summary>
/// The learning rate of the paper (A.5): linear warm-up from 0, then half a cosine to 0,
/// as Hugging Face's get_cosine_schedule_with_warmup has it.
/// </summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="TotalSteps">Optimiser steps in all.</param>
/// <param name="WarmupRatio">Part of them that warms up; rounded up to whole steps.</param>
public sealed record CosineSchedule(double Peak, int TotalSteps, double WarmupRatio)
{
    /// <summary>Steps of the warm-up.</summary>
    public int WarmupSteps { get; } = (int)Math.Ceiling(TotalSteps * WarmupRatio);

    /// <summary>The rate of a 0-based step. The first of a warm-up is 0.</summary>
    public double At(int step)
    {
        if (step < WarmupSteps) return Peak * step / Math.Max(1, WarmupSteps);
        double progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
