using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Families.Llama;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>
/// SmolVLM and SmolVLM2, and Idefics3, whose model type the first SmolVLM has: a tower of the kind of SigLIP over tiles, and a decoder of
/// the kind of Llama.
/// </summary>
internal static class SmolVLMFamily
{
    private const string Connector = "model.connector.";

    /// <summary>The rows of the table.</summary>
    public static IReadOnlyList<Family> Rows { get; } = [Row("smolvlm"), Row("idefics3")];

    private static Family Row(string type) => new(type, new(
        new(ModelPart.Other, "model.text_model."), new NameRule(ModelPart.Head, "lm_head."),
        new NameRule(ModelPart.Vision, "model.vision_model."), new NameRule(ModelPart.Vision, Connector)))
    {
        Projector = [Connector],
        Parts = new(Decoder, Processor, SmolVision.Create),
    };

    private static DecoderSpec Decoder(ModelConfig config)
    {
        config.Text.OneOf("model_type", "llama", "llama");
        return LlamaFamily.Decoder(config);
    }

    private static Processor Processor(ModelConfig config, long? maxPixels)
    {
        var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size", LlamaFamily.Defaults.VocabularySize));
        var images = SplitImageProcessor.Read(config, tokenizer, maxPixels);
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new SequentialPositions());
    }
}
