using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Latency;

/// <summary>A model that was measured.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Layers">Its decoder layers.</param>
/// <param name="IdealDecoderSpeedUp">L / (L - K): layers of the first model over its own,
/// the most that dropping layers can give the decoder.</param>
public sealed record LatencyModel(string Name, int Layers, double IdealDecoderSpeedUp, ModelIdentity Identity);
