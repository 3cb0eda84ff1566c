using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3;

/// <summary>Qwen3, dense, text alone.</summary>
internal static class Qwen3Family
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("qwen3", LanguageNames.Alone)
    {
        Place = DecoderPlace.Root,
        Gguf = new("qwen3"),
        ImpliedLayerTypes = LayerTypes.SlidingFrom(28),
        Parts = new(Decoder, (config, _) =>
        {
            var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size"));
            return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images: null, new SequentialPositions());
        }),
    };

    private static DecoderSpec Decoder(ModelConfig config)
    {
        var spec = DecoderConfig.Read(config, (text, headSize) => RopeConfig.Read(text, headSize, theta: 10_000));
        bool bias = config.Text.Flag("attention_bias", false);
        return spec with { InputBias = bias, OutputBias = bias, HeadNorms = true };
    }
}
