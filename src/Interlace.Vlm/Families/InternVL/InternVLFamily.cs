using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>
/// InternVL3 in Hugging Face's form (the <c>-hf</c> conversions): InternViT over tiles, and a decoder of the kind of Qwen2.
/// </summary>
internal static class InternVLFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("internvl", LanguageNames.Wrapped(
        new NameRule(ModelPart.Vision, "model.vision_tower.", "vision_tower."),
        new NameRule(ModelPart.Vision, "model.multi_modal_projector.", "multi_modal_projector.")))
    {
        ImpliedLayerTypes = LayerTypes.SlidingFrom(28),
        Projector = ["model.multi_modal_projector."],
        Parts = new(Decoder, Processor, (config, source, device) => new InternVision(source, config, device)),
    };

    private static DecoderSpec Decoder(ModelConfig config)
    {
        var spec = DecoderConfig.Read(
            config, (text, headSize) => RopeConfig.Read(text, headSize, theta: 10_000), new() { TiedHead = true });
        return spec with { InputBias = true };
    }

    private static Processor Processor(ModelConfig config, long? maxPixels)
    {
        var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size"));
        var images = TileImageProcessor.Read(config, tokenizer, maxPixels);
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new SequentialPositions());
    }
}
