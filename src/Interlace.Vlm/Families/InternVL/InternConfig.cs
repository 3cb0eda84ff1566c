using System.Text.Json.Nodes;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>
/// Sizes of InternViT and of what brings its features to the decoder. Values that a file leaves out are those of the library's class.
/// </summary>
internal sealed record InternConfig(
    int Width, int InnerSize, int Depth, int HeadCount, int ImageSize, int PatchSize, double Epsilon, Func<Tensor, Tensor> Activation,
    bool InputBias, bool NormsHeads, bool UsesRmsNorm, bool HasFinalNorm, int Shuffle)
{
    /// <summary>Patches along a side of a tile.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>Tokens of a tile.</summary>
    public int TokensPerTile => Grid / Shuffle * (Grid / Shuffle);

    /// <summary>Reads <c>vision_config</c> and <c>downsample_ratio</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static InternConfig Read(ModelConfig model)
    {
        var vision = model.Vision;
        int width = vision.Width("hidden_size", 1024), heads = vision.Count("num_attention_heads", 16);
        if (width % heads != 0) throw new InputException($"{vision.File}: vision hidden size {width} does not fit {heads} heads.");
        int image = Side(vision, "image_size", ConfigSection.LargestSide, 448),
            patch = Side(vision, "patch_size", ConfigSection.LargestPatch, 14);
        double shuffle = 1 / model.Root.Positive("downsample_ratio", 0.5);
        if (image < patch || shuffle % 1 != 0 || image / patch % shuffle != 0)
        {
            throw new InputException($"{vision.File}: "
                + $"tiles of {image} pixels do not divide into patches of {patch} joined by downsample_ratio {1 / shuffle}.");
        }
        if (!vision.Flag("use_absolute_position_embeddings", true))
            throw new InputException($"{vision.File}: use_absolute_position_embeddings is false, which is not supported.");
        var config = new InternConfig(
            width, vision.Width("intermediate_size", 4096), vision.Count("num_hidden_layers", 24), heads,
            image, patch, vision.Positive("layer_norm_eps", 1e-6),
            Blocks.Activation.Find(vision.OneOf("hidden_act", "gelu", [.. Blocks.Activation.Names]))!,
            vision.Flag("attention_bias", false), vision.Flag("use_qk_norm", false),
            vision.OneOf("norm_type", "layer_norm", "layer_norm", "rms_norm") == "rms_norm", !vision.Flag("use_mean_pooling", true),
            (int)shuffle);
        if (model.Root.Has("image_seq_length")
            && model.Root.Int("image_seq_length", ConfigSection.LargestPositions) != config.TokensPerTile)
        {
            throw new InputException($"{vision.File}: "
                + $"image_seq_length is not the {config.TokensPerTile} tokens of a tile of this vision tower.");
        }
        return config;
    }

    /// <summary>A side, written as a number or as two equal ones.</summary>
    private static int Side(ConfigSection vision, string key, int most, int standard)
    {
        if (vision.Json[key] is not JsonArray) return vision.Int(key, most, standard);
        int[] sides = vision.Ints(key);
        return sides.Length == 2 && sides[0] == sides[1] && sides[0] >= 1 && sides[0] <= most
            ? sides[0]
            : throw new InputException($"{vision.File}: {key} is {vision.Json[key]!.ToJsonString()}, "
                + $"expected two equal numbers from 1 to {most}.");
    }
}
