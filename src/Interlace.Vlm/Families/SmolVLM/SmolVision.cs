using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>
/// SmolVLM's way from tiles to tokens: the tower's last features behind its last norm, squares of them joined into one (pixel shuffle),
/// and one linear layer. All tiles are full, so that a patch's position is its place.
/// </summary>
internal static class SmolVision
{
    public static IVisionEncoder Create(ModelConfig model, ParameterSource source, Device device)
    {
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        var (config, shuffle) = SmolConfig.Read(model);
        var patches = ImageSettings.Patches(model, config.ImageSize, config.PatchSize, device);
        var tower = ClipTower.Whole(source, "model.vision_model", config, patches);
        int output = model.Text.Width("hidden_size", Llama.LlamaFamily.Defaults.HiddenSize);
        var projector = new Linear(source, "model.connector.modality_projection.proj", (long)config.Width * shuffle * shuffle, output);
        return new ClipVision(parameters, patches, tower, (features, _) => projector.Forward(FeatureSquares.Join(features, shuffle)));
    }
}
