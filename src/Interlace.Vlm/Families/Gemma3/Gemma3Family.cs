using Interlace.Vlm.Families.Llava;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>Gemma 3: SigLIP over one square, and a decoder of its own kind; and the models of it that read text alone.</summary>
internal static class Gemma3Family
{
    private const string NoGguf = "llama.cpp takes what a layer sees from its index and the scale of attention from the number of layers, "
        + "so that a pruned model would be another one there";

    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("gemma3", LanguageNames.Wrapped(LlavaNames.Tower, LlavaNames.Projector))
    {
        ImpliedLayerTypes = LayerTypes.FullEvery(Gemma3Decoder.Pattern),
        NoGguf = NoGguf,
        Projector = [LlavaNames.Projector.InMemory],
        Parts = new(Gemma3Decoder.Read, (config, maxPixels) => Processor(config, SquareImageProcessor.Read(config, maxPixels)),
            GemmaVision.Create),
    };

    /// <summary>That of the models without a vision tower.</summary>
    public static Family TextRow { get; } = new("gemma3_text", LanguageNames.Alone)
    {
        Place = DecoderPlace.Root,
        ImpliedLayerTypes = LayerTypes.FullEvery(Gemma3Decoder.Pattern),
        NoGguf = NoGguf,
        Parts = new(Gemma3Decoder.Read, (config, _) => Processor(config, images: null)),
    };

    private static Processor Processor(ModelConfig config, IImageProcessor? images)
    {
        var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size", Gemma3Decoder.Defaults.VocabularySize));
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new SequentialPositions());
    }
}
