namespace Interlace.Data;

/// <summary>How samples are grouped.</summary>
/// <param name="SamplesPerStep">Samples of one optimiser step (paper 3.4: 16 x 2); the last, smaller step is kept.</param>
/// <param name="TokenBudget">Tokens of one micro-batch; a longer sample stands alone.</param>
/// <param name="SamplesPerMicroBatch">Where given: micro-batches of so many samples (the last one smaller) instead
/// of a token budget.</param>
public sealed record BatchOptions(int SamplesPerStep = 32, int TokenBudget = 16_384, int? SamplesPerMicroBatch = null);
