namespace Interlace.Reporting;

/// <summary>The log of a recovery.</summary>
/// <param name="Rows">One for each optimiser step that was logged, in order.</param>
/// <param name="Validation">Losses on held-back samples, in order; may be empty.</param>
public sealed record TrainingData(IReadOnlyList<TrainingRow> Rows, IReadOnlyList<ValidationLoss>? Validation = null);
