using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llama;

/// <summary>Llama 3, text alone, with the scaling of rotary frequencies of 3.1 and later.</summary>
internal static class LlamaFamily
{
    /// <summary>Those of Llama 1 with 7B parameters, and of its Vicuna, which published files leave out.</summary>
    public static DecoderDefaults Defaults { get; } =
        new() { HiddenSize = 4096, InnerSize = 11_008, LayerCount = 32, HeadCount = 32, VocabularySize = 32_000 };

    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("llama", LanguageNames.Alone)
    {
        Place = DecoderPlace.Root,
        Gguf = new("llama"),
        Parts = new(Decoder, (config, _) =>
        {
            int vocabulary = config.Text.Vocabulary("vocab_size", Defaults.VocabularySize);
            var tokenizer = Tokenizer.Load(config.Folder, vocabulary);
            return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images: null, new SequentialPositions());
        }),
    };

    /// <summary>Sizes of a decoder of this kind; those that a file leaves out are those of the library's class.</summary>
    /// <exception cref="InputException">A value is absent or out of range.</exception>
    public static DecoderSpec Decoder(ModelConfig config)
    {
        var spec = DecoderConfig.Read(config, (text, headSize) => RopeConfig.Read(text, headSize, theta: 10_000), Defaults);
        bool bias = config.Text.Flag("attention_bias", false);
        return spec with { InputBias = bias, OutputBias = bias, InnerBias = config.Text.Flag("mlp_bias", false) };
    }
}
