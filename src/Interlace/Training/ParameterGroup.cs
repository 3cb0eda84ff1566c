using Interlace.Vlm.Blocks;

namespace Interlace.Training;

/// <summary>Parameters that share a rate.</summary>
/// <param name="Parameters">Trainable parameters, in no other group.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
public sealed record ParameterGroup(IReadOnlyList<Parameter> Parameters, double WeightDecay = 0);
