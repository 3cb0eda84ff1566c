using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Qwen2VL;

/// <summary>
/// The vision tower's sizes. In the file <c>hidden_size</c> is the width of the text model, <c>embed_dim</c> that of the tower.
/// </summary>
internal sealed record VisionConfig(
    int Width, int InnerSize, int Depth, int HeadCount, int PatchSize, int MergeSize, int TemporalPatchSize, int OutputSize,
    Func<Tensor, Tensor> Activation)
{
    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static VisionConfig Read(ModelConfig model)
    {
        var vision = model.Vision;
        int width = vision.Int("embed_dim", ConfigSection.LargestWidth, 1280), heads = vision.Int("num_heads", ConfigSection.LargestCount, 16);
        if (width % heads != 0 || width / heads % 4 != 0) throw new InputException($"{vision.File}: embed_dim {width} does not fit {heads} heads.");
        int output = vision.Int("hidden_size", ConfigSection.LargestWidth, 3584);
        int decoder = model.Text.Int("hidden_size", ConfigSection.LargestWidth);
        if (output != decoder) throw new InputException($"{vision.File}: the vision tower gives {output} values a token, the decoder wants {decoder}.");
        double inner = width * vision.Positive("mlp_ratio", 4);
        if (inner > ConfigSection.LargestWidth) throw new InputException($"{vision.File}: embed_dim {width} times mlp_ratio is beyond any model.");
        return new(width, (int)inner, vision.Int("depth", ConfigSection.LargestCount, 32), heads,
            vision.Int("patch_size", ConfigSection.LargestPatch, 14), vision.Int("spatial_merge_size", ConfigSection.LargestMerge, 2),
            vision.Int("temporal_patch_size", ConfigSection.LargestPatch, 2), output,
            Blocks.Activation.Find(vision.OneOf("hidden_act", "quick_gelu", [.. Blocks.Activation.Names]))!);
    }
}
