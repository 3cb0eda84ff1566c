using Interlace.Vlm.Families.Llama;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llava;

/// <summary>
/// LLaVA-1.5: CLIP, two linear layers, and a decoder of the kind of Llama, whose sizes its configuration may leave to the defaults.
/// </summary>
internal static class LlavaFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("llava", LanguageNames.Wrapped(LlavaNames.Tower, LlavaNames.Projector))
    {
        Projector = [LlavaNames.Projector.InMemory],
        Parts = new(LlamaFamily.Decoder, Processor, LlavaVision.Create),
    };

    private static Processor Processor(ModelConfig config, long? maxPixels)
    {
        var images = CropImageProcessor.Read(config, maxPixels);
        int vocabulary = config.Text.Vocabulary("vocab_size", LlamaFamily.Defaults.VocabularySize);
        var tokenizer = Tokenizer.Load(config.Folder, vocabulary);
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new SequentialPositions());
    }
}
