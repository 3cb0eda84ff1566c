using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Families.Llava;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.LlavaOneVision;

/// <summary>LLaVA-OneVision: SigLIP over tiles at any resolution, and a decoder of the kind of Qwen2.</summary>
internal static class LlavaOneVisionFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("llava_onevision",
        LanguageNames.Wrapped(LlavaNames.Tower, LlavaNames.Projector, new(ModelPart.Vision, "model.image_newline", "image_newline")))
    {
        ImpliedLayerTypes = LayerTypes.SlidingFrom(28),
        Projector = [LlavaNames.Projector.InMemory],
        Parts = new(Decoder, Processor, (config, source, device) => new OneVisionEncoder(source, config, device)),
    };

    private static DecoderSpec Decoder(ModelConfig config) =>
        DecoderConfig.Read(config, (text, headSize) => RopeConfig.Read(text, headSize, theta: 10_000)) with { InputBias = true };

    private static Processor Processor(ModelConfig config, long? maxPixels)
    {
        var images = AnyResolutionProcessor.Read(config, maxPixels);
        var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size"));
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new SequentialPositions());
    }
}
