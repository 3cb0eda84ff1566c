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
        int width = vision.Width("embed_dim", 1280), heads = vision.Count("num_heads", 16);
        if (width % heads != 0 || width / heads % 4 != 0)
            throw new InputException($"{vision.File}: embed_dim {width} does not fit {heads} heads.");
        int output = vision.Width("hidden_size", 3584);
        int decoder = model.Text.Width("hidden_size");
        if (output != decoder)
            throw new InputException($"{vision.File}: the vision tower gives {output} values a token, the decoder wants {decoder}.");
        double inner = width * vision.Positive("mlp_ratio", 4);
        if (inner > ConfigSection.LargestWidth)
            throw new InputException($"{vision.File}: embed_dim {width} times mlp_ratio is beyond any model.");
        return new(width, (int)inner, vision.Count("depth", 32), heads,
            vision.Patch("patch_size", 14), vision.Merge("spatial_merge_size", 2),
            vision.Patch("temporal_patch_size", 2), output,
            Blocks.Activation.Find(vision.OneOf("hidden_act", "quick_gelu", [.. Blocks.Activation.Names]))!);
    }
}
