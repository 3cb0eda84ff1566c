using Interlace.Vlm;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>Four blocks of the vision tower of 4b, with the mergers, on an image of 1,024 x 1,024, against their matrix products.</summary>
internal static class VisionFigures
{
    private const int Blocks = 4, Side = 1024, Patch = 16, Merge = 4, Heads = 16, Hidden = 1024, Inner = 4096, Output = 2560;

    /// <summary>Every type that this processor is quick in.</summary>
    public static IEnumerable<Figure> Run()
    {
        foreach (ScalarType type in ShapedModel.Types)
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            using var model = ShapedModel.Create("4b", type, layers: 1, visionBlocks: Blocks);
            var image = new RgbImage(Side, Side, new byte[3 * Side * Side]);
            new Random(0).NextBytes(image.Pixels);
            VisualInput[] input = [VisualInput.Whole(image, image, Side / Patch * (Side / Patch) / Merge)];
            const long patches = (long)(Side / Patch) * (Side / Patch);
            const long pixels = 2 * 3 * Patch * Patch;
            // Rows, what a row holds, what comes out: one for each linear layer.
            (long Rows, long In, long Out)[] shapes =
            [
                (patches, pixels, Hidden),
                .. Enumerable.Range(0, Blocks).SelectMany(_ => ((long, long, long)[])
                    [(patches, Hidden, 3 * Hidden), (patches, Hidden, Hidden), (patches, Hidden, Inner), (patches, Inner, Hidden)]),
                .. Enumerable.Range(0, 1 + model.Vision!.Levels).SelectMany(_ => ((long, long, long)[])
                    [(patches / Merge, Merge * Hidden, Merge * Hidden), (patches / Merge, Merge * Hidden, Output)]),
            ];
            var operands = shapes.Distinct().ToDictionary(shape => shape,
                shape => (Input: randn(shape.Rows, shape.In).to(type), Weight: randn(shape.Out, shape.In).to(type)));
            Tensor q = randn(Heads, patches, Hidden / Heads).to(type), k = randn(Heads, Hidden / Heads, patches).to(type);
            yield return Turns.Compare($"vision tower, {Blocks} blocks of 4b, {Compute(type)}, {Side} x {Side}: share of its products",
                ">= 0.75", ("products", () =>
                {
                    foreach (var shape in shapes)
                        using (Products.Linear(operands[shape].Input, operands[shape].Weight)) { }
                    for (int block = 0; block < Blocks; block++)
                    {
                        using var own = NewDisposeScope();
                        LayerProducts.Read(q, k, q);
                    }
                }), ("tower", () =>
                {
                    using var own = NewDisposeScope();
                    model.Vision.Encode(input, type, CPU, null);
                }), rounds: 3);
        }
    }

    private static string Compute(ScalarType type) => Vlm.Engine.Compute.NameOf(type);
}
