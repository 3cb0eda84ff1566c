using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen25VL;

/// <summary>The vision tower's sizes.</summary>
internal sealed record VisionConfig(
    int Width, int InnerSize, int Depth, int HeadCount, int PatchSize, int MergeSize, int TemporalPatchSize, int OutputSize,
    int WindowTokens, int[] FullBlocks, Func<Tensor, Tensor> Activation)
{
    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static VisionConfig Read(ModelConfig model)
    {
        var vision = model.Vision;
        int width = vision.Int("hidden_size", ConfigSection.LargestWidth, 1280), heads = vision.Int("num_heads", ConfigSection.LargestCount, 16);
        if (width % heads != 0 || width / heads % 4 != 0)
            throw new InputException($"{vision.File}: vision hidden size {width} does not fit {heads} heads.");
        int output = vision.Int("out_hidden_size", ConfigSection.LargestWidth, 3584);
        int decoder = model.Text.Int("hidden_size", ConfigSection.LargestWidth);
        if (output != decoder) throw new InputException($"{vision.File}: the vision tower gives {output} values a token, the decoder wants {decoder}.");
        int patch = vision.Int("patch_size", ConfigSection.LargestPatch, 14), merge = vision.Int("spatial_merge_size", ConfigSection.LargestMerge, 2);
        int window = vision.Int("window_size", ConfigSection.LargestPatch * ConfigSection.LargestMerge, 112);
        if (window < patch * merge) throw new InputException($"{vision.File}: window_size {window} is smaller than the {patch * merge} pixels of a token.");
        return new(width, vision.Int("intermediate_size", ConfigSection.LargestWidth, 3420), vision.Int("depth", ConfigSection.LargestCount, 32), heads,
            patch, merge, vision.Int("temporal_patch_size", ConfigSection.LargestPatch, 2), output, window / (patch * merge),
            vision.Has("fullatt_block_indexes") ? vision.Ints("fullatt_block_indexes") : [7, 15, 23, 31],
            Blocks.Activation.Find(vision.OneOf("hidden_act", "silu", [.. Blocks.Activation.Names]))!);
    }
}
