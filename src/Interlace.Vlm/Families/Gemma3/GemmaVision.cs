using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>
/// Gemma 3's way from images to tokens: SigLIP's last features behind its last norm, the means of squares of them, a norm, and one
/// projection.
/// </summary>
internal static class GemmaVision
{
    public static IVisionEncoder Create(ModelConfig model, ParameterSource source, Device device)
    {
        const string projector = "model.multi_modal_projector";
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        var config = GemmaVisionConfig.Read(model);
        var patches = ImageSettings.Patches(model, config.Tower.ImageSize, config.Tower.PatchSize, device);
        var tower = ClipTower.Whole(source, "model.vision_tower", config.Tower, patches);
        var projection = source($"{projector}.mm_input_projection_weight", config.Tower.Width,
            model.Text.Width("hidden_size", Gemma3Decoder.Defaults.HiddenSize));   // [width, D], not transposed as a linear layer's is
        var norm = new RmsNorm(source, $"{projector}.mm_soft_emb_norm", config.Tower.Width, config.Tower.Epsilon, plusOne: true);
        return new ClipVision(parameters, patches, tower,
            (features, type) => norm.Forward(Pooled(features, patches.Grid / config.Pool, config.Pool)).matmul(projection.As(type)));
    }

    /// <summary>Features [images, grid * grid, width] -> means of squares of them [V, width].</summary>
    /// <param name="features">The features.</param>
    /// <param name="side">Squares along a side of an image.</param>
    /// <param name="pool">Features along a side of a square.</param>
    private static Tensor Pooled(Tensor features, long side, int pool) =>
        features.view(features.shape[0], side, pool, side, pool, features.shape[2]).mean([2, 4]).view(-1, features.shape[2]);
}
