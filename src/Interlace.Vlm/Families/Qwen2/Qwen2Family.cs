using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen2;

/// <summary>Qwen2 and Qwen2.5, dense, text alone.</summary>
internal static class Qwen2Family
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("qwen2", LanguageNames.Alone)
    {
        Place = DecoderPlace.Root,
        Gguf = new("qwen2"),
        ImpliedLayerTypes = LayerTypes.SlidingFrom(28),
        Parts = new(Decoder, (config, _) =>
        {
            var tokenizer = Tokenizer.Load(config.Folder, config.Text.Vocabulary("vocab_size"));
            return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images: null, new SequentialPositions());
        }),
    };

    private static DecoderSpec Decoder(ModelConfig config) =>
        DecoderConfig.Read(config, (text, headSize) => RopeConfig.Read(text, headSize, theta: 10_000)) with { InputBias = true };
}
