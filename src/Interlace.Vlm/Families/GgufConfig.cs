using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Vlm.Families;

/// <summary>Writes <c>config.json</c> and <c>generation_config.json</c> from the keys of a GGUF file, as published folders have them.
/// </summary>
internal static class GgufConfig
{
    /// <summary>The library's version of whose form the files are: one rope_theta, and torch_dtype.</summary>
    private const string Form = "4.42.3";

    /// <summary>The keys that name single tokens, and what configs call them.</summary>
    private static readonly (string Key, string Name)[] Tokens =
        [("bos", "bos_token_id"), ("eos", "eos_token_id"), ("padding", "pad_token_id")];

    /// <summary>The config of a model.</summary>
    /// <param name="file">The file.</param>
    /// <param name="architecture">Its architecture.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="type">Type of the weights that are written.</param>
    /// <exception cref="InputException">A key is absent or out of range.</exception>
    public static JsonObject Of(GgufFile file, GgufArchitecture architecture, GgufSizes sizes, GgufNames.Part parts, ElementType type)
    {
        var keys = file.Keys;
        string length = $"{architecture.Name}.context_length";
        double theta = Positive("rope.freq_base");
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture.Class),
            ["attention_dropout"] = 0.0,
            ["hidden_act"] = "silu",
            ["hidden_size"] = sizes.Hidden,
            ["intermediate_size"] = sizes.Inner,
            ["max_position_embeddings"] = keys.Required(length, keys.Count(length)),
            ["model_type"] = architecture.Name,
            ["num_attention_heads"] = sizes.Heads,
            ["num_hidden_layers"] = sizes.Layers,
            ["num_key_value_heads"] = sizes.KeyHeads,
            ["rms_norm_eps"] = Positive("attention.layer_norm_rms_epsilon"),
            ["rope_scaling"] = GgufRope.Scaling(file, architecture.Name, sizes.HeadSize, theta),
            ["rope_theta"] = Shortest(theta),
            ["tie_word_embeddings"] = !parts.HasFlag(GgufNames.Part.Head),
            ["torch_dtype"] = type == ElementType.BF16 ? "bfloat16" : "float32",
            ["transformers_version"] = Form,
            ["use_cache"] = true,
            ["vocab_size"] = sizes.Vocabulary,
        };
        if (keys.Has($"{architecture.Name}.attention.key_length")) config["head_dim"] = sizes.HeadSize;
        foreach (var (name, value) in architecture.More!(sizes, parts)) config[name] = value?.DeepClone();
        foreach (var (name, id) in TokenIds(keys, sizes.Vocabulary)) config[name] = id;
        return new(config.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));

        double Positive(string name)
        {
            string key = $"{architecture.Name}.{name}";
            double value = keys.Required(key, keys.Real(key));
            return value > 0 ? value : throw new InputException($"{keys.Path}: {key} is {value}, expected a positive number.");
        }
    }

    /// <summary>How answers end, and how they are sampled where the file says so.</summary>
    /// <param name="keys">The file's keys.</param>
    /// <param name="vocabulary">Tokens there are.</param>
    /// <exception cref="InputException">A token is none of the vocabulary, or a value of sampling is out of range.</exception>
    public static JsonObject Generation(GgufKeys keys, int vocabulary)
    {
        var generation = new JsonObject { ["_from_model_config"] = true };
        foreach (var (name, id) in TokenIds(keys, vocabulary)) generation[name] = id;
        foreach (var (name, value) in GgufSampling.Settings(keys)) generation[name] = value;
        generation["transformers_version"] = Form;
        return generation;
    }

    /// <summary>A number as JSON, whole where it is whole.</summary>
    public static JsonNode Shortest(double value) =>
        value == Math.Floor(value) && Math.Abs(value) < 1L << 53 ? JsonValue.Create((long)value) : JsonValue.Create(value);

    private static IEnumerable<(string Name, int Id)> TokenIds(GgufKeys keys, int vocabulary) =>
        from token in Tokens
        let id = GgufTokenizer.TokenId(keys, token.Key, vocabulary)
        where id is not null
        select (token.Name, id.Value);
}
