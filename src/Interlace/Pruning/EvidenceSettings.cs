using Interlace.Experiments;

namespace Interlace.Pruning;

/// <summary>What decides losses and gradients besides model and data.</summary>
/// <param name="MostSamples">Most samples that were to be used.</param>
public sealed record EvidenceSettings(double Rate, double Fraction, int MostSamples, int MaxImages, int MaxTurns, int MaxTokens,
    int? MaxPixels, int BatchTokens, string Device, string Dtype,
    [property: LaterOption] DataPreparation? Preparation = null);
