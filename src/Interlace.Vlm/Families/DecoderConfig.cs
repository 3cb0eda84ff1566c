using System.Text.Json.Nodes;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families;

/// <summary>
/// Reads what decoders of the kinds of Llama, Qwen2 and Qwen3 have in common. Values that a file
/// leaves out are those of the library's classes.
/// </summary>
internal static class DecoderConfig
{
    /// <summary>Sizes, norms, activation and head.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="rope">How positions turn queries and keys, from their part of the configuration and the size of a head.</param>
    /// <param name="defaults">Values of a model that does not say; null where it must.</param>
    /// <exception cref="InputException">A value is absent or out of range, or asks for what is not supported.</exception>
    public static DecoderSpec Read(ModelConfig config, Func<ConfigSection, int, RopeSpec> rope, DecoderDefaults? defaults = null)
    {
        var text = config.Text;
        defaults ??= new();
        int hidden = text.Width("hidden_size", defaults.HiddenSize);
        int heads = text.Count("num_attention_heads", defaults.HeadCount);
        int keyHeads = text.Count("num_key_value_heads", defaults.KeyHeadCount ?? heads);
        if (heads % keyHeads != 0)
            throw new InputException($"{text.File}: {heads} attention heads do not divide into {keyHeads} key heads.");
        int headSize = text.Count("head_dim", defaults.HeadSize ?? Math.Max(1, hidden / heads));
        if (headSize % 2 != 0) throw new InputException($"{text.File}: head_dim is {headSize}, expected an even number.");
        if (!defaults.Slides) CheckAttention(text);
        return new()
        {
            HiddenSize = hidden,
            InnerSize = text.Width("intermediate_size", defaults.InnerSize),
            LayerCount = text.Count("num_hidden_layers", defaults.LayerCount),
            HeadCount = heads,
            KeyHeadCount = keyHeads,
            HeadSize = headSize,
            VocabularySize = text.Vocabulary("vocab_size", defaults.VocabularySize),
            NormEpsilon = text.Positive("rms_norm_eps", defaults.NormEpsilon),
            Activation = Activation.Find(text.OneOf(defaults.Activation.Key, defaults.Activation.Name, [.. Activation.Names]))!,
            Rope = rope(text, headSize),
            TiedHead = IsTied(config, defaults.TiedHead),
        };
    }

    /// <summary>Every layer of most families sees everything before it.</summary>
    private static void CheckAttention(ConfigSection text)
    {
        const string unsupported = "and attention in a window is not supported.";
        if (text.Flag("use_sliding_window", false)) throw new InputException($"{text.File}: use_sliding_window is true, {unsupported}");
        if (text.Json["layer_types"] is JsonArray types && types.FirstOrDefault(type => !IsFull(type)) is { } other)
            throw new InputException($"{text.File}: layer_types has {other.ToJsonString()}, {unsupported}");

        static bool IsFull(JsonNode? type) => type is JsonValue value && value.TryGetValue(out string? name) && name == "full_attention";
    }

    /// <summary>One of the two places is enough: some programs write the value of a class into the other.</summary>
    private static bool IsTied(ModelConfig config, bool standard)
    {
        const string key = "tie_word_embeddings";
        if (!config.Root.Has(key) && !config.Text.Has(key)) return standard;
        return config.Root.Flag(key, false) || config.Text.Flag(key, false);
    }
}
