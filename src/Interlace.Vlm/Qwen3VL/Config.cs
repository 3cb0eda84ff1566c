using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>The decoder's sizes.</summary>
internal sealed record TextConfig(int HiddenSize, int InnerSize, int LayerCount, int HeadCount, int KeyHeadCount, int HeadSize, int VocabularySize, double NormEpsilon, bool AttentionBias, double RopeTheta, int[] RopeSections);

/// <summary>The vision tower's sizes.</summary>
internal sealed record VisionConfig(int HiddenSize, int InnerSize, int Depth, int HeadCount, int PatchSize, int MergeSize, int TemporalPatchSize, int PositionCount, int OutputSize, int[] DeepStackBlocks);

/// <summary>
/// <c>config.json</c> of a Qwen3-VL model (dense), as written by transformers 4.57 (the published files) or 5.x.
/// </summary>
internal sealed record Config(TextConfig Text, VisionConfig Vision, bool TiedHead)
{
    // Larger than any model's by far, and small enough that no product of two of them overflows and no such number makes memory or time run
    // out before the weights are compared with it.
    internal const int LargestVocabulary = 1 << 22, LargestPatch = 1 << 9, LargestMerge = 1 << 4;
    private const int LargestCount = 1 << 12, LargestWidth = 1 << 20, LargestPositions = 1 << 22;

    /// <exception cref="InputException">A number is absent or out of range, or the model is of a kind that is not built here.</exception>
    public static Config Parse(JsonObject json, string path)
    {
        var (text, vision) = (Section(json, "text_config", path), Section(json, "vision_config", path));
        if (Value(text, "hidden_act", path, "silu") != "silu") throw new InputException($"{path}: text_config.hidden_act is {text["hidden_act"]}, expected silu.");
        if (Value(vision, "hidden_act", path, "gelu_pytorch_tanh") != "gelu_pytorch_tanh") throw new InputException($"{path}: vision_config.hidden_act is {vision["hidden_act"]}, expected gelu_pytorch_tanh.");
        JsonObject rope = (text["rope_scaling"] ?? text["rope_parameters"]) as JsonObject ?? throw new InputException($"{path}: text_config has neither rope_scaling nor rope_parameters.");
        if (Value(rope, "rope_type", path, "default") != "default") throw new InputException($"{path}: rope_type {rope["rope_type"]} is not supported, only default.");
        if (!Value(rope, "mrope_interleaved", path, true))
            throw new InputException($"{path}: mrope_interleaved is false, which is not supported: Qwen3-VL's positions are interleaved.");
        int heads = Int(text, "num_attention_heads", path, LargestCount), hidden = Int(text, "hidden_size", path, LargestWidth);
        var config = new Config(
            new TextConfig(hidden, Int(text, "intermediate_size", path, LargestWidth), Int(text, "num_hidden_layers", path, LargestCount),
                heads, Int(text, "num_key_value_heads", path, LargestCount),
                Int(text, "head_dim", path, LargestCount, hidden / heads), Int(text, "vocab_size", path, LargestVocabulary),
                Positive(text, "rms_norm_eps", path, 1e-6), Value(text, "attention_bias", path, false),
                Positive(text, "rope_theta", path, Positive(rope, "rope_theta", path, 5e6)), Ints(rope, "mrope_section", path)),
            new VisionConfig(Int(vision, "hidden_size", path, LargestWidth), Int(vision, "intermediate_size", path, LargestWidth),
                Int(vision, "depth", path, LargestCount), Int(vision, "num_heads", path, LargestCount),
                Int(vision, "patch_size", path, LargestPatch), Int(vision, "spatial_merge_size", path, LargestMerge),
                Int(vision, "temporal_patch_size", path, LargestPatch),
                Int(vision, "num_position_embeddings", path, LargestPositions), Int(vision, "out_hidden_size", path, LargestWidth),
                Ints(vision, "deepstack_visual_indexes", path)),
            Value(json, "tie_word_embeddings", path, Value(text, "tie_word_embeddings", path, false)));
        config.Check(path);
        return config;
    }

    private void Check(string path)
    {
        if (Text.HeadCount % Text.KeyHeadCount != 0) throw new InputException($"{path}: {Text.HeadCount} attention heads do not divide into {Text.KeyHeadCount} key heads.");
        if (Text.HeadSize % 2 != 0 || Text.RopeSections.Length != 3 || Text.RopeSections.Sum(section => (long)section) != Text.HeadSize / 2)
            throw new InputException($"{path}: mrope_section must be three numbers that sum to half of head_dim ({Text.HeadSize / 2}).");
        if (Vision.HiddenSize % Vision.HeadCount != 0 || Vision.HiddenSize / Vision.HeadCount % 4 != 0) throw new InputException($"{path}: vision hidden size {Vision.HiddenSize} does not fit {Vision.HeadCount} heads.");
        if (Math.Sqrt(Vision.PositionCount) % 1 != 0) throw new InputException($"{path}: num_position_embeddings {Vision.PositionCount} is no square.");
        if (Vision.OutputSize != Text.HiddenSize) throw new InputException($"{path}: the vision tower gives {Vision.OutputSize} values a token, the decoder wants {Text.HiddenSize}.");
        if (Vision.DeepStackBlocks.Any(b => b >= Vision.Depth)) throw new InputException($"{path}: deepstack_visual_indexes names a block beyond the {Vision.Depth} of the vision tower.");
        // Weights are found by the place in this list: another order, or none of them, would be another model without any further sign.
        if (Vision.DeepStackBlocks.Length == 0
            || Vision.DeepStackBlocks.Zip(Vision.DeepStackBlocks.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw new InputException($"{path}: deepstack_visual_indexes is no list of blocks of the vision tower in ascending order.");
    }

    private static JsonObject Section(JsonObject json, string name, string path) => json[name] as JsonObject ?? throw new InputException($"{path} has no {name}: it describes no Qwen3-VL model.");

    private static int Int(JsonObject json, string name, string path, int most, int? standard = null)
    {
        double value = Number(json, name, path, standard);
        return value >= 1 && value <= most && value % 1 == 0
            ? (int)value : throw new InputException($"{path}: {name} is {value}, expected a whole number from 1 to {most}.");
    }

    private static double Positive(JsonObject json, string name, string path, double standard)
    {
        double value = Number(json, name, path, standard);
        return value > 0 && double.IsFinite(value)
            ? value : throw new InputException($"{path}: {name} is {value}, expected a number above 0.");
    }

    private static double Number(JsonObject json, string name, string path, double? standard = null)
    {
        if (json[name] is not { } node) return standard ?? throw new InputException($"{path} has no {name}.");
        return node.GetValueKind() == JsonValueKind.Number ? node.GetValue<double>() : throw new InputException($"{path}: {name} is {node.ToJsonString()}, expected a number.");
    }

    private static T Value<T>(JsonObject json, string name, string path, T standard) => json[name] switch
    {
        null => standard,
        JsonValue value when value.TryGetValue(out T? found) => found,
        var other => throw new InputException($"{path}: {name} is {other.ToJsonString()}, expected {(standard is bool ? "true or false" : "a text")}."),
    };

    private static int[] Ints(JsonObject json, string name, string path) =>
        json[name] is JsonArray array
            && array.All(n => n?.GetValueKind() == JsonValueKind.Number && n.GetValue<double>() is >= 0 and <= int.MaxValue and var number
            && number % 1 == 0) ? [.. array.Select(n => (int)n!.GetValue<double>())]
            : throw new InputException($"{path}: {name} is no list of whole numbers.");
}
