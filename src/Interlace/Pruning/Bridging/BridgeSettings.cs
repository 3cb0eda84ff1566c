using Interlace.Experiments;

namespace Interlace.Pruning.Bridging;

/// <summary>What decides the bridges besides model, plan and data.</summary>
public sealed record BridgeSettings(double Ridge, int MaxSamples, double Rate, double Fraction, int MaxImages, int MaxTurns, int MaxTokens,
    int? MaxPixels, int BatchTokens, string Device, string Dtype, int Seed,
    [property: LaterOption] DataPreparation? Preparation = null);
