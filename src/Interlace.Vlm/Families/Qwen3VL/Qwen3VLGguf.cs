using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Families.QwenVL;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// The vision tower as a GGUF file: keys, and the table of its tensors' names. Dropping decoder layers changes nothing in it.
/// Source: the names and keys that llama.cpp's projector <c>qwen3vl_merger</c> reads.
/// </summary>
internal static class Qwen3VLGguf
{
    private const string Tower = "model.visual.";
    private const int Frames = 2;   // of the kernel of patches, which the file has as two tensors

    /// <summary>Names of a block's parts, each with a weight and a bias, and the sizes of the weight.</summary>
    private static readonly (string InFile, string InMemory, Func<VisionConfig, long[]> Shape)[] Block =
    [
        ("ln1", "norm1", v => [v.HiddenSize]),
        ("attn_qkv", "attn.qkv", v => [3 * v.HiddenSize, v.HiddenSize]),
        ("attn_out", "attn.proj", v => [v.HiddenSize, v.HiddenSize]),
        ("ln2", "norm2", v => [v.HiddenSize]),
        ("ffn_up", "mlp.linear_fc1", v => [v.InnerSize, v.HiddenSize]),
        ("ffn_down", "mlp.linear_fc2", v => [v.HiddenSize, v.InnerSize]),
    ];

    /// <summary>The file of a model's tower.</summary>
    /// <exception cref="InputException">The configuration is wrong, or asks for what such a file cannot say.</exception>
    public static GgufVision Of(ModelConfig config)
    {
        var vision = VisionConfig.Read(config);
        var images = GridImageSettings.Load(config.Folder);
        if (vision.TemporalPatchSize != Frames)
        {
            throw new InputException($"{config.Vision.File}: temporal_patch_size is {vision.TemporalPatchSize}, "
                + $"and a GGUF file holds patches of {Frames} frames.");
        }
        return new([.. Keys(vision, images)], [.. Tensors(vision)]);
    }

    private static IEnumerable<GgufEntry> Keys(VisionConfig vision, GridImageSettings images)
    {
        const string prefix = "clip.vision.";
        yield return new("clip.projector_type", "qwen3vl_merger");
        yield return new("clip.use_gelu", true);
        yield return new(prefix + "projection_dim", (uint)vision.OutputSize);
        yield return new(prefix + "image_size", (uint)((int)Math.Sqrt(vision.PositionCount) * vision.PatchSize));
        yield return new(prefix + "patch_size", (uint)vision.PatchSize);
        yield return new(prefix + "embedding_length", (uint)vision.HiddenSize);
        yield return new(prefix + "feed_forward_length", (uint)vision.InnerSize);
        yield return new(prefix + "block_count", (uint)vision.Depth);
        yield return new(prefix + "attention.head_count", (uint)vision.HeadCount);
        yield return new(prefix + "attention.layer_norm_epsilon", (float)VisionTower.Epsilon);
        yield return new(prefix + "spatial_merge_size", (uint)vision.MergeSize);
        yield return new(prefix + "image_mean", images.Mean.Select(value => (float)value).ToArray());
        yield return new(prefix + "image_std", images.Std.Select(value => (float)value).ToArray());
        yield return new(prefix + "is_deepstack_layers",
            Enumerable.Range(0, vision.Depth).Select(vision.DeepStackBlocks.Contains).ToArray());
    }

    private static IEnumerable<GgufVisionName> Tensors(VisionConfig vision)
    {
        long hidden = vision.HiddenSize, patch = vision.PatchSize, merged = hidden * vision.MergeSize * vision.MergeSize;
        long[] kernel = [hidden, 3, Frames, patch, patch];
        yield return new("v.patch_embd.weight", Tower + "patch_embed.proj.weight", kernel, Slice: 0);
        yield return new("v.patch_embd.weight.1", Tower + "patch_embed.proj.weight", kernel, Slice: 1);
        yield return new("v.patch_embd.bias", Tower + "patch_embed.proj.bias", [hidden]);
        yield return new("v.position_embd.weight", Tower + "pos_embed.weight", [vision.PositionCount, hidden]);
        for (int block = 0; block < vision.Depth; block++)
            foreach (var (inFile, inMemory, shape) in Block)
                foreach (var name in Pair($"v.blk.{block}.{inFile}", $"blocks.{block}.{inMemory}", shape(vision))) yield return name;
        foreach (var (level, block) in vision.DeepStackBlocks.Index())
        {
            // The file counts by the block whose output is merged, checkpoints by the place in the list.
            foreach (var (inFile, inMemory, shape) in Merger(merged, merged, vision.OutputSize))
                foreach (var name in Pair($"v.deepstack.{block}.{inFile}", $"deepstack_merger_list.{level}.{inMemory}", shape))
                    yield return name;
        }
        foreach (var (inFile, inMemory, shape) in Merger(hidden, merged, vision.OutputSize))
        {
            string own = inFile switch { "norm" => "v.post_ln", "fc1" => "mm.0", _ => "mm.2" };
            foreach (var name in Pair(own, $"merger.{inMemory}", shape)) yield return name;
        }
    }

    private static (string InFile, string InMemory, long[] Shape)[] Merger(long normed, long merged, long output) =>
        [("norm", "norm", [normed]), ("fc1", "linear_fc1", [merged, merged]), ("fc2", "linear_fc2", [output, merged])];

    private static GgufVisionName[] Pair(string inFile, string inMemory, long[] weight) =>
        [new($"{inFile}.weight", $"{Tower}{inMemory}.weight", weight), new($"{inFile}.bias", $"{Tower}{inMemory}.bias", [weight[0]])];
}
