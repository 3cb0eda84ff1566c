using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>
/// fp32 products of linear layers as the engine hands them on, and by oneDNN: the quicker one on this processor. Then those with weights
/// that are large, held in bf16 and in fp32.
/// </summary>
internal static class ProductFigures
{
    /// <summary>Rows, inputs and outputs of layers of the demo's model, of a small one and of 4b.</summary>
    private static readonly (long Rows, long In, long Out)[] Shapes =
        [(1024, 128, 640), (512, 576, 1536), (16, 2560, 2560), (512, 2560, 2560), (512, 9728, 2560)];

    /// <summary>Rows of products with large weights.</summary>
    private static readonly long[] LargeRows = [1, 4, 16, 64, 512, 2048];

    /// <summary>Each shape forward alone, and with the gradients of inputs and weights.</summary>
    public static IEnumerable<Figure> Run()
    {
        foreach (var (rows, inputs, outputs) in Shapes)
        {
            using var scope = NewDisposeScope();
            Tensor x = randn(rows, inputs, requires_grad: true), weight = randn(outputs, inputs, requires_grad: true);
            foreach (bool graph in new[] { false, true })
            {
                void Take(Func<Tensor, Tensor, Tensor?, Tensor> product)
                {
                    using var own = NewDisposeScope();
                    using var _ = set_grad_enabled(graph);
                    Tensor y = product(x, weight, null);
                    if (graph) y.backward([ones_like(y)]);
                }
                yield return Turns.Compare($"{rows} x {inputs} to {outputs}, fp32{(graph ? ", with gradients" : "")}", "> 1",
                    ("engine", () => Take(nn.functional.linear)), ("oneDNN", () => Take(Products.ByOneDnn)), warmUp: 3);
            }
        }
        foreach (long rows in LargeRows)
        {
            foreach (bool graph in new[] { false, true })
            {
                yield return Large(rows, 2560, 9728, graph, narrow: true);
                yield return Large(rows, 2560, 9728, graph, narrow: false);
            }
        }
    }

    /// <summary>Wide weights have a gradient too.</summary>
    private static Figure Large(long rows, long inputs, long outputs, bool graph, bool narrow)
    {
        using var scope = NewDisposeScope();
        Tensor x = randn(rows, inputs, requires_grad: graph), held = randn(outputs, inputs).to(ScalarType.BFloat16);
        Tensor wide = held.to(ScalarType.Float32).requires_grad_(graph && !narrow);
        void Take(Func<Tensor, Tensor, Tensor?, Tensor> product, Tensor weight)
        {
            using var own = NewDisposeScope();
            using var _ = set_grad_enabled(graph);
            Tensor y = product(x, weight, null);
            if (graph) y.backward([ones_like(y)]);
        }
        return Turns.Compare($"{rows} x {inputs} to {outputs}, fp32{(graph ? ", with gradients" : "")}", "> 1",
            ("engine", () => Take(nn.functional.linear, wide)),
            (narrow ? "narrow weights" : "wide weights", () => Take(Products.Linear, narrow ? held : wide)), rounds: 9, warmUp: 3);
    }
}
