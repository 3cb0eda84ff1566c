using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Vlm.Families;

/// <summary>A kind of model that GGUF files hold: how its files differ from others, and what its config says.</summary>
/// <param name="Name">Its <c>general.architecture</c>, with which its keys begin; also the <c>model_type</c> of checkpoints that are
/// made of such files.</param>
/// <param name="Class">The class that checkpoints name; null where files are written and not read.</param>
/// <param name="IsPermuted">In the file, neighbouring rows of a head's queries and keys are turned together,
/// in checkpoints row j and row j + d/2: row 2j + s there is row j + s d/2 here.</param>
/// <param name="Parts">Parts that all such models have.</param>
/// <param name="Optional">Parts that some have; each is there where its first tensor is.</param>
/// <param name="More">What else their configs say; the parts of this model are given. Null where files are not read.</param>
internal sealed record GgufArchitecture(string Name, string? Class, bool IsPermuted, GgufNames.Part Parts, GgufNames.Part Optional,
    Func<GgufSizes, GgufNames.Part, JsonObject>? More = null)
{
    /// <summary>Those whose files are read.</summary>
    public static IReadOnlyList<GgufArchitecture> All { get; } =
    [
        new("llama", "LlamaForCausalLM", IsPermuted: true, GgufNames.Part.None,
            GgufNames.Part.Head | GgufNames.Part.InputBias | GgufNames.Part.OutputBias | GgufNames.Part.InnerBias,
            static (sizes, parts) => new()
            {
                ["attention_bias"] = parts.HasFlag(GgufNames.Part.InputBias),
                // No file says it, and only a model that is trained from nothing would use it.
                ["initializer_range"] = 1 / Math.Sqrt(sizes.Hidden),
                ["is_llama_config"] = true,
                ["mlp_bias"] = parts.HasFlag(GgufNames.Part.InnerBias),
                ["pretraining_tp"] = 1,
                ["rope_interleaved"] = false,
            }),
        new("qwen2", "Qwen2ForCausalLM", IsPermuted: false, GgufNames.Part.InputBias, GgufNames.Part.Head,
            static (sizes, _) => Whole(sizes)),
        new("qwen3", "Qwen3ForCausalLM", IsPermuted: false, GgufNames.Part.HeadNorms,
            GgufNames.Part.Head | GgufNames.Part.InputBias | GgufNames.Part.OutputBias,
            static (sizes, parts) =>
            {
                var more = Whole(sizes);
                more["attention_bias"] = parts.HasFlag(GgufNames.Part.InputBias);
                return more;
            }),
    ];

    /// <summary>Those whose files are written: positions of three numbers are beyond what can be imported.</summary>
    public static IReadOnlyList<GgufArchitecture> Written { get; } =
    [
        // No biases of attention there: llama.cpp loads no file that has them.
        .. All.Select(known => known.Name == "qwen3" ? known with { Optional = GgufNames.Part.Head } : known),
        new("qwen2vl", null, IsPermuted: false, GgufNames.Part.InputBias, GgufNames.Part.Head),
        new("qwen3vl", null, IsPermuted: false, GgufNames.Part.HeadNorms, GgufNames.Part.Head),
    ];

    /// <summary>Names behind the architecture's of the keys that are understood; another one may mean anything.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [
        "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count", "attention.head_count_kv",
        "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.dimension_count",
        "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.finetuned", "vocab_size",
    ];

    /// <summary>The architecture of a file.</summary>
    /// <exception cref="InputException">It is none of those, or has keys that are not understood.</exception>
    public static GgufArchitecture Of(GgufKeys keys)
    {
        const string key = "general.architecture";
        string name = keys.Required(key, keys.Text(key));
        if (All.FirstOrDefault(known => known.Name == name) is not { } architecture)
        {
            throw new InputException($"{keys.Path} holds a model of architecture {Text.Printable.Quote(name)}, which cannot be imported "
                + $"({string.Join(", ", All.Select(known => known.Name))} can).");
        }
        foreach (string other in keys.Names.Where(other => other.StartsWith(name + ".", StringComparison.Ordinal)))
        {
            if (Keys.Contains(other[(name.Length + 1)..])) continue;
            throw new InputException($"{keys.Path} has a key {Text.Printable.Quote(other)}, and what it asks of the model is not known: "
                + "take the model's original folder.");
        }
        return architecture;
    }

    /// <summary>Every layer sees everything before it.</summary>
    private static JsonObject Whole(GgufSizes sizes) => new()
    {
        ["initializer_range"] = 0.02,
        ["max_window_layers"] = sizes.Layers,
        ["sliding_window"] = null,
        ["use_sliding_window"] = false,
    };
}
