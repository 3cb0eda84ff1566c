using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen2VL;

/// <summary>Qwen2-VL: Qwen2 with positions in sections, and a tower of full attention within an image.</summary>
internal static class Qwen2VLFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("qwen2_vl", QwenVLNames.All)
    {
        Place = DecoderPlace.Either,
        Projector = [QwenVLNames.Merger],
        Gguf = new("qwen2vl"),
        ImpliedLayerTypes = LayerTypes.SlidingFrom(80),
        Parts = new(config => Qwen2Decoder.Read(config, epsilon: 1e-5), Processor, (config, source, device) =>
        {
            var patches = new GridPatches(GridImageSettings.Load(config.Folder), device);
            return new VisionTower(source, QwenVLNames.Tower, VisionConfig.Read(config), patches);
        }),
    };

    private static Processor Processor(ModelConfig config, long? maxPixels)
    {
        var settings = GridImageSettings.Load(config.Folder);
        // qwen-vl-utils, patch 14
        var images = new GridImageProcessor(settings, Resize.BicubicPillow, maxPixels) { PublishedSquare = 28 };
        var tokenizer = Tokenizer.Load(config.Folder, settings.VocabularySize);
        return new(config.Folder, tokenizer, Qwen2ChatTemplate.Load(config.Folder, "Qwen2-VL"), images, new GridPositions(settings.Factor));
    }
}
