using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// What another model predicts, as a part of a loss: (1 - w) times the cross-entropy of a token, and w T^2 times KL(p || q), p and q being
/// what the other and the own logits predict, divided by T (Hinton, Vinyals and Dean, 2015).
/// </summary>
/// <param name="Logits">The other's [n, vocabulary].</param>
/// <param name="Weight">w, from 0 to 1.</param>
/// <param name="Temperature">T, above 0.</param>
public sealed record TaughtLogits(Tensor Logits, double Weight, double Temperature);
