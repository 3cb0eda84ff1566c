using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Clip;

/// <summary>
/// Sizes of a vision tower of the kind of CLIP or SigLIP. Values that a file leaves out are those of the library's classes.
/// </summary>
internal sealed record ClipConfig(
    int Width, int InnerSize, int Depth, int HeadCount, int ImageSize, int PatchSize, double Epsilon, Func<Tensor, Tensor> Activation,
        bool IsSiglip)
{
    private const string Clip = "clip_vision_model", Siglip = "siglip_vision_model";

    /// <summary>Patches along a side of an image.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>
    /// CLIP has a token for the whole image before the patches, and a norm before the first layer;
    /// SigLIP has neither, and a bias of its patches.
    /// </summary>
    public int ClassTokens => IsSiglip ? 0 : 1;

    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static ClipConfig Read(ModelConfig model)
    {
        var vision = model.Vision;
        bool siglip = vision.OneOf("model_type", Clip, Clip, Siglip) == Siglip;
        int width = vision.Width("hidden_size", 768), heads = vision.Count("num_attention_heads", 12);
        if (width % heads != 0) throw new InputException($"{vision.File}: vision hidden size {width} does not fit {heads} heads.");
        int image = vision.Side("image_size", 224);
        int patch = vision.Patch("patch_size", siglip ? 16 : 32);
        if (image < patch) throw new InputException($"{vision.File}: image_size {image} is smaller than patch_size {patch}.");
        string activation = vision.OneOf("hidden_act", siglip ? "gelu_pytorch_tanh" : "quick_gelu", [.. Blocks.Activation.Names]);
        return new(width, vision.Width("intermediate_size", 3072), vision.Count("num_hidden_layers", 12),
            heads, image, patch, vision.Positive("layer_norm_eps", siglip ? 1e-6 : 1e-5), Blocks.Activation.Find(activation)!, siglip);
    }
}
