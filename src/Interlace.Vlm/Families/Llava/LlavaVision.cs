using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.Llava;

/// <summary>LLaVA-1.5's way from images to tokens: the tower's features of each image, projected.</summary>
internal static class LlavaVision
{
    public static IVisionEncoder Create(ModelConfig model, ParameterSource source, Device device)
    {
        var parameters = new List<Parameter>();
        source = ParameterSources.Collecting(source, parameters);
        var config = ClipConfig.Read(model);
        var patches = ImageSettings.Patches(model, config.ImageSize, config.PatchSize, device);
        var tower = new ClipTower(source, "model.vision_tower", config, FeatureChoice.Read(model, layer: -2, strategy: "default"), patches);
        var projector = new LlavaProjector(source, model, config.Width);
        return new ClipVision(parameters, patches, tower, (features, _) => projector.Forward(features).flatten(0, 1));
    }
}
