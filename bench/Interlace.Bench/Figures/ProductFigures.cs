using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>fp32 products of linear layers as the engine hands them on, and by oneDNN: the quicker one on this processor.</summary>
internal static class ProductFigures
{
    /// <summary>Rows, inputs and outputs of layers of the demo's model, of a small one and of 4b.</summary>
    private static readonly (long Rows, long In, long Out)[] Shapes =
        [(1024, 128, 640), (512, 576, 1536), (16, 2560, 2560), (512, 2560, 2560), (512, 9728, 2560)];

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
    }
}
