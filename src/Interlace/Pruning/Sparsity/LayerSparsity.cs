namespace Interlace.Pruning.Sparsity;

/// <summary>The weights of one decoder layer's linear layers.</summary>
/// <param name="Layer">0-based.</param>
/// <param name="Zeros">Zeros among them.</param>
/// <param name="Parameters">Their number.</param>
public sealed record LayerSparsity(int Layer, long Zeros, long Parameters);
