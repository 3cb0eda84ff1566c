using System.Text.Json.Nodes;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families;

/// <summary>
/// The attention types that Hugging Face's library derives from a layer's index where a config lists none. When layers are dropped the
/// indices change, and the types must be spelled out.
/// </summary>
internal static class LayerTypes
{
    private const string Sliding = "sliding_attention", Full = "full_attention";

    /// <summary>Qwen2 and Qwen3: layers from <c>max_window_layers</c> on slide, where a window is in use at all.</summary>
    /// <param name="defaultStart">Of a config that does not say.</param>
    public static Func<JsonObject, int, string[]?> SlidingFrom(int defaultStart) => (decoder, layers) =>
    {
        bool slides = decoder["use_sliding_window"] is JsonValue use && use.TryGetValue(out bool yes) && yes
            && (!decoder.TryGetPropertyValue("sliding_window", out var window) || window is not null);
        int start = Integer(decoder["max_window_layers"]) ?? defaultStart;
        return slides && start < layers ? [.. Enumerable.Range(0, layers).Select(layer => layer >= start ? Sliding : Full)] : null;
    };

    /// <summary>Gemma 3: every n-th layer sees everything, the others slide.</summary>
    /// <param name="defaultPattern">Of a config that does not say.</param>
    public static Func<JsonObject, int, string[]?> FullEvery(int defaultPattern) => (decoder, layers) =>
    {
        int pattern = Integer(decoder["sliding_window_pattern"]) ?? defaultPattern;
        if (pattern < 1) throw new InputException($"config.json: sliding_window_pattern is {pattern}, expected a number above 0.");
        return [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern == 0 ? Full : Sliding)];
    };

    /// <summary>What the tokens of each layer see: by the config's own list, or what readers derive where it has none.</summary>
    /// <param name="text">The decoder's part of the config.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="implied">As of <see cref="Family.ImpliedLayerTypes"/>.</param>
    /// <exception cref="InputException">The list has another length, or a type that is not known.</exception>
    public static AttentionKind[] Read(ConfigSection text, int layers, Func<JsonObject, int, string[]?> implied)
    {
        const string key = "layer_types";
        string[] types = text.Json[key] is JsonArray listed
            ? [.. listed.Select(Name)]
            : implied(text.Json, layers) ?? [.. Enumerable.Repeat(Full, layers)];
        if (types.Length != layers) throw new InputException($"{text.File}: {key} lists {types.Length} layers, but there are {layers}.");
        return [.. types.Select(type => type switch
        {
            Full => AttentionKind.Full,
            Sliding => AttentionKind.Sliding,
            var other => throw new InputException($"{text.File}: {key} has {other}, which is not supported ({Full} and {Sliding} are)."),
        })];

        static string Name(JsonNode? type) =>
            type is JsonValue value && value.TryGetValue(out string? name) ? name : type?.ToJsonString() ?? "null";
    }

    private static int? Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
