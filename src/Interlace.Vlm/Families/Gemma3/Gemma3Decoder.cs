using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>
/// Reads the decoder of Gemma 3: four norms a layer, layers that see a window and layers that see everything, each kind with its own rope,
/// and scales of embeddings and attention.
/// </summary>
internal static class Gemma3Decoder
{
    /// <summary>Those of the library's class.</summary>
    public static DecoderDefaults Defaults { get; } = new()
    {
        HiddenSize = 2304, InnerSize = 9216, LayerCount = 26, HeadCount = 8, KeyHeadCount = 4, HeadSize = 256, VocabularySize = 262_208,
        TiedHead = true, Activation = ("hidden_activation", "gelu_pytorch_tanh"), Slides = true,
    };

    /// <summary>Sizes of the decoder.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or asks for what is not supported.</exception>
    public static DecoderSpec Read(ModelConfig config)
    {
        var text = config.Text;
        CheckSupported(text);
        var spec = DecoderConfig.Read(config, FullRope, Defaults);
        AttentionKind[] kinds = LayerTypes.Read(text, spec.LayerCount, LayerTypes.FullEvery(Pattern));
        bool bias = text.Flag("attention_bias", false);
        return spec with
        {
            HeadNorms = true, NormsPlusOne = true, InputBias = bias, OutputBias = bias,
            EmbeddingScale = Math.Sqrt(spec.HiddenSize),
            AttentionScale = 1 / Math.Sqrt(text.Positive("query_pre_attn_scalar", 256)),
            SlidingRope = SlidingRope(text, spec.HeadSize),
            SlidingWindow = text.Int("sliding_window", ConfigSection.LargestPositions, 4096),
            ImagesSeeThemselves = true, AddsFeedForwardAsItIs = false,
            NewLayer = (source, name, own, l) => new SandwichLayer(source, name, own, kinds[l]),
        };
    }

    /// <summary>Every so many layers one sees everything, where the config lists no types.</summary>
    public const int Pattern = 6;

    private static void CheckSupported(ConfigSection text)
    {
        foreach (string key in (ReadOnlySpan<string>)["attn_logit_softcapping", "final_logit_softcapping"])
        {
            if (text.Has(key)) throw new InputException($"{text.File} sets {key}, which is not supported: Gemma 3's models have none.");
        }
        if (text.Flag("use_bidirectional_attention", false))
        {
            throw new InputException($"{text.File}: use_bidirectional_attention is true, which is not supported: "
                + "such a model does not generate.");
        }
    }

    /// <summary>As older files have it, with one scaling, or in newer ones by the type of a layer.</summary>
    private static RopeSpec FullRope(ConfigSection text, int headSize) =>
        RopeConfig.Read(Own(text, "full_attention") ?? text, headSize, theta: 1_000_000);

    private static RopeSpec SlidingRope(ConfigSection text, int headSize) => Own(text, "sliding_attention") is { } own
        ? RopeConfig.Read(own, headSize, theta: 10_000)
        : new(headSize, text.Positive("rope_local_base_freq", 10_000));   // never scaled

    /// <summary>The rope of a type of layers, as a section that holds nothing but it; null where the file has one rope.</summary>
    private static ConfigSection? Own(ConfigSection text, string type)
    {
        const string key = "rope_parameters";
        return text.Has(key) && text.Section(key) is var all && all.Has(type)
            ? new(new() { [key] = all.Section(type).Json.DeepClone() }, text.File, type)
            : null;
    }
}
