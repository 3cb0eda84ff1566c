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
    /// <summary>The two kinds by their names in files.</summary>
    public const string Clip = "clip_vision_model", Siglip = "siglip_vision_model";

    /// <summary>Patches along a side of an image.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>
    /// CLIP has a token for the whole image before the patches, and a norm before the first layer;
    /// SigLIP has neither, and a bias of its patches.
    /// </summary>
    public int ClassTokens => IsSiglip ? 0 : 1;

    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <param name="model">The model's configuration.</param>
    /// <param name="standard">Of a tower that does not say which of the two it is.</param>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static ClipConfig Read(ModelConfig model, string standard = Clip)
    {
        bool siglip = model.Vision.OneOf("model_type", standard, Clip, Siglip) == Siglip;
        return Read(model.Vision, siglip, width: 768, heads: 12, patch: siglip ? 16 : 32);
    }

    /// <summary>Reads the sizes of a tower of which it is known what it is.</summary>
    /// <param name="vision">Its part of the configuration.</param>
    /// <param name="siglip">Whether it is of the kind of SigLIP.</param>
    /// <param name="width">Width, where the file does not say.</param>
    /// <param name="heads">Heads, where it does not say.</param>
    /// <param name="patch">Side of a patch, where it does not say.</param>
    /// <exception cref="InputException">As there.</exception>
    public static ClipConfig Read(ConfigSection vision, bool siglip, int width, int heads, int patch)
    {
        (width, heads) = (vision.Width("hidden_size", width), vision.Count("num_attention_heads", heads));
        if (width % heads != 0) throw new InputException($"{vision.File}: vision hidden size {width} does not fit {heads} heads.");
        int image = vision.Side("image_size", 224);
        patch = vision.Patch("patch_size", patch);
        if (image < patch) throw new InputException($"{vision.File}: image_size {image} is smaller than patch_size {patch}.");
        string activation = vision.OneOf("hidden_act", siglip ? "gelu_pytorch_tanh" : "quick_gelu", [.. Blocks.Activation.Names]);
        return new(width, vision.Width("intermediate_size", 3072), vision.Count("num_hidden_layers", 12),
            heads, image, patch, vision.Positive("layer_norm_eps", siglip ? 1e-6 : 1e-5), Blocks.Activation.Find(activation)!, siglip);
    }
}
