namespace Interlace.Pruning;

/// <summary>The model that was measured, and the data where there was any.</summary>
public sealed record EvidenceInputs(Vlm.Checkpoints.ModelIdentity Model, Data.DataIdentity? Data);
