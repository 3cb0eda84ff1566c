using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Families;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>
/// A decoder layer of a published shape against the matrix products it cannot do without: those of its linear layers, and of its attention
/// the scores and the sums of what each query may see. What a layer takes beyond them is lost on norms, rotations, and memory walked twice.
/// </summary>
internal static class LayerBenchmark
{
    /// <param name="shape">4b or 8b.</param>
    /// <param name="types">Types of the computation.</param>
    /// <param name="lengths">Tokens of the sequence.</param>
    public static void Run(string shape, IReadOnlyList<ScalarType> types, IReadOnlyList<int> lengths)
    {
        foreach (ScalarType type in types)
        {
            using var model = Model(shape, type);
            foreach (int length in lengths) Prefill(model, shape, type, length);
        }
    }

    private static void Prefill(VisionLanguageModel model, string shape, ScalarType type, int length)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([Text(length)], CPU);
        using var pass = model.NewPass(batch);
        IDecoderLayer layer = model.Layers[0];
        Tensor x = randn(length, model.HiddenSize).to(type);
        var products = layer.Linears.Select(linear =>
            (Weight: linear.Weight.Value, Input: randn(length, linear.Weight.Value.shape[1]).to(type))).ToArray();
        long size = products[0].Weight.shape[0], keys = products[1].Weight.shape[0], head = 128;
        Tensor q = randn(size / head, length, head).to(type), k = randn(size / head, head, length).to(type),
            v = randn(size / head, length, head).to(type);
        Pair.Time($"{shape} layer, {Compute.NameOf(type)}, {length} tokens", ("products", () =>
        {
            using var own = NewDisposeScope();
            foreach (var (weight, input) in products) nn.functional.linear(input, weight);
            Attention(q, k, v);
        }), ("layer", () =>
        {
            using var own = NewDisposeScope();
            layer.Forward(x, pass, 0);
        }), rounds: length > 2048 ? 5 : 9);
    }

    /// <summary>The products of causal attention: of each block of queries with the keys up to its end.</summary>
    private static void Attention(Tensor q, Tensor k, Tensor v)
    {
        const long block = 512;
        for (long at = 0; at < q.shape[1]; at += block)
        {
            using var own = NewDisposeScope();
            long rows = Math.Min(block, q.shape[1] - at), seen = at + rows;
            q.narrow(1, at, rows).matmul(k.narrow(2, 0, seen)).matmul(v.narrow(1, 0, seen));
        }
    }

    private static EncodedSample Text(int length) =>
        new([.. Enumerable.Repeat(5, length)], [.. Enumerable.Repeat(TokenKind.Prompt, length)],
        [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, length).ToArray())], length, []);

    /// <summary>Two layers of the shape with weights that are chance.</summary>
    private static VisionLanguageModel Model(string shape, ScalarType type)
    {
        string folder = Directory.CreateTempSubdirectory("interlace-bench").FullName;
        try
        {
            Fabricate.Write(folder, shape, layers: 2, Path.Combine(Repository.Folder, "assets", "demo", "model"));
            var family = Qwen3VLFamily.Row;
            // Embeddings and vision tower are not run.
            return VisionLanguageModel.Create(family, family.Parts!, ModelConfig.Read(folder), [], (name, sizes) => new Parameter(name,
                name.Contains("layers.", StringComparison.Ordinal) ?
                    sizes.Length == 1 ? ones(sizes, type) : randn(sizes).mul_(0.02f).to(type) : empty(0)), CPU, type, null);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
