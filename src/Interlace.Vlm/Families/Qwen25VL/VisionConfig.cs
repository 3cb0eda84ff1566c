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
        int width = vision.Width("hidden_size", 1280), heads = vision.Count("num_heads", 16);
        if (width % heads != 0 || width / heads % 4 != 0)
            throw new InputException($"{vision.File}: vision hidden size {width} does not fit {heads} heads.");
        int output = vision.Width("out_hidden_size", 3584);
        int decoder = model.Text.Width("hidden_size");
        if (output != decoder)
            throw new InputException($"{vision.File}: the vision tower gives {output} values a token, the decoder wants {decoder}.");
        int patch = vision.Patch("patch_size", 14), merge = vision.Merge("spatial_merge_size", 2);
        int window = vision.Int("window_size", ConfigSection.LargestPatch * ConfigSection.LargestMerge, 112);
        if (window < patch * merge)
            throw new InputException($"{vision.File}: window_size {window} is smaller than the {patch * merge} pixels of a token.");
        return new(width, vision.Width("intermediate_size", 3420), vision.Count("depth", 32), heads,
            patch, merge, vision.Patch("temporal_patch_size", 2), output, window / (patch * merge),
            vision.Has("fullatt_block_indexes") ? vision.Ints("fullatt_block_indexes") : [7, 15, 23, 31],
            Blocks.Activation.Find(vision.OneOf("hidden_act", "silu", [.. Blocks.Activation.Names]))!);
    }
}
