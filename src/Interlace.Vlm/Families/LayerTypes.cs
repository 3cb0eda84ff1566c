using System.Text.Json.Nodes;

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
        return [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern == 0 ? Full : Sliding)];
    };

    private static int? Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
