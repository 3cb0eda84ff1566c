using Interlace.Experiments;

namespace Interlace.Pruning.Sparsity;

/// <summary>How the inputs of linear layers were measured.</summary>
public sealed record SparsitySettings(int MaxSamples, double Rate, double Fraction, int MaxImages, int MaxTurns, int MaxTokens,
    int? MaxPixels, int BatchTokens, string Device, string Dtype,
    [property: LaterOption] DataPreparation? Preparation = null);
