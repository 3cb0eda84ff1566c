using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>
/// A decoder layer of a published shape against the matrix products it cannot do without: those of its linear layers, and of its attention
/// the scores and the sums of what each query may see. What a layer takes beyond them is lost on norms, rotations, and memory walked twice.
/// </summary>
internal static class PrefillFigures
{
    /// <summary>The layer's share at each type and length.</summary>
    /// <param name="shape">4b or 8b.</param>
    /// <param name="lengths">Tokens of the sequence.</param>
    public static IEnumerable<Figure> Run(string shape, params int[] lengths)
    {
        foreach (ScalarType type in ShapedModel.Types)
        {
            using var model = ShapedModel.Create(shape, type, layers: 1);
            foreach (int length in lengths) yield return Prefill(model, shape, type, length);
        }
    }

    private static Figure Prefill(VisionLanguageModel model, string shape, ScalarType type, int length)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([ShapedModel.Text(length)], CPU);
        using var pass = model.NewPass(batch);
        IDecoderLayer layer = model.Layers[0];
        Tensor x = randn(length, model.HiddenSize).to(type);
        var products = LayerProducts.Of(layer, length, type);
        return Turns.Compare($"prefill, {shape} layer, {Compute.NameOf(type)}, {length} tokens: share of its products", ">= 0.85",
            ("products", () => products.Run()),
            ("layer", () =>
            {
                using var own = NewDisposeScope();
                layer.Forward(x, pass, 0);
            }), rounds: length > 2048 ? 5 : 9, warmUp: 2);
    }
}
