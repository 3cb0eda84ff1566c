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
    /// <exception cref="InputException">A number is absent or out of range, or the model is of a kind that is not built here.</exception>
    public static Config Parse(JsonObject json, string path)
    {
        var (text, vision) = (Section(json, "text_config", path), Section(json, "vision_config", path));
        if (Value(text, "hidden_act", path, "silu") != "silu") throw new InputException($"{path}: text_config.hidden_act is {text["hidden_act"]}, expected silu.");
        if (Value(vision, "hidden_act", path, "gelu_pytorch_tanh") != "gelu_pytorch_tanh") throw new InputException($"{path}: vision_config.hidden_act is {vision["hidden_act"]}, expected gelu_pytorch_tanh.");
        JsonObject rope = (text["rope_scaling"] ?? text["rope_parameters"]) as JsonObject ?? throw new InputException($"{path}: text_config has neither rope_scaling nor rope_parameters.");
        if (Value(rope, "rope_type", path, "default") != "default") throw new InputException($"{path}: rope_type {rope["rope_type"]} is not supported, only default.");
        int heads = Int(text, "num_attention_heads", path), hidden = Int(text, "hidden_size", path);
        var config = new Config(
            new TextConfig(hidden, Int(text, "intermediate_size", path), Int(text, "num_hidden_layers", path), heads, Int(text, "num_key_value_heads", path), Int(text, "head_dim", path, hidden / heads),
                Int(text, "vocab_size", path), Number(text, "rms_norm_eps", path, 1e-6), Value(text, "attention_bias", path, false),
                Number(text, "rope_theta", path, Number(rope, "rope_theta", path, 5e6)), Ints(rope, "mrope_section", path)),
            new VisionConfig(Int(vision, "hidden_size", path), Int(vision, "intermediate_size", path), Int(vision, "depth", path), Int(vision, "num_heads", path), Int(vision, "patch_size", path),
                Int(vision, "spatial_merge_size", path), Int(vision, "temporal_patch_size", path), Int(vision, "num_position_embeddings", path), Int(vision, "out_hidden_size", path), Ints(vision, "deepstack_visual_indexes", path)),
            Value(json, "tie_word_embeddings", path, Value(text, "tie_word_embeddings", path, false)));
        config.Check(path);
        return config;
    }

    private void Check(string path)
    {
        if (Text.HeadCount % Text.KeyHeadCount != 0) throw new InputException($"{path}: {Text.HeadCount} attention heads do not divide into {Text.KeyHeadCount} key heads.");
        if (Text.HeadSize % 2 != 0 || Text.RopeSections.Length != 3 || Text.RopeSections.Sum() != Text.HeadSize / 2)
            throw new InputException($"{path}: mrope_section must be three numbers that sum to half of head_dim ({Text.HeadSize / 2}).");
        if (Vision.HiddenSize % Vision.HeadCount != 0 || Vision.HiddenSize / Vision.HeadCount % 4 != 0) throw new InputException($"{path}: vision hidden size {Vision.HiddenSize} does not fit {Vision.HeadCount} heads.");
        if (Math.Sqrt(Vision.PositionCount) % 1 != 0) throw new InputException($"{path}: num_position_embeddings {Vision.PositionCount} is no square.");
        if (Vision.OutputSize != Text.HiddenSize) throw new InputException($"{path}: the vision tower gives {Vision.OutputSize} values a token, the decoder wants {Text.HiddenSize}.");
        if (Vision.DeepStackBlocks.Any(b => b >= Vision.Depth)) throw new InputException($"{path}: deepstack_visual_indexes names a block beyond the {Vision.Depth} of the vision tower.");
    }

    private static JsonObject Section(JsonObject json, string name, string path) => json[name] as JsonObject ?? throw new InputException($"{path} has no {name}: it describes no Qwen3-VL model.");

    private static int Int(JsonObject json, string name, string path, int? standard = null)
    {
        double value = Number(json, name, path, standard);
        return value is >= 1 and <= int.MaxValue && value % 1 == 0 ? (int)value : throw new InputException($"{path}: {name} is {value}, expected a positive integer.");
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
        json[name] is JsonArray array && array.All(n => n?.GetValueKind() == JsonValueKind.Number && n.GetValue<double>() is >= 0 and <= int.MaxValue) ? [.. array.Select(n => (int)n!.GetValue<double>())]
            : throw new InputException($"{path}: {name} is no list of numbers.");
}
