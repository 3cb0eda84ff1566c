using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families.Qwen3VLMoe;

/// <summary>
/// Which layers have a gated feed-forward and no experts: those that <c>mlp_only_layers</c> lists, and those whose number, counted from 1,
/// is no multiple of <c>decoder_sparse_step</c>. Both go by the layer's index.
/// </summary>
internal static class DenseLayers
{
    private const string Listed = "mlp_only_layers", Step = "decoder_sparse_step";

    /// <summary>The keys, and what becomes of them: dense layers that stay are listed by their new index, and no step is left.</summary>
    public static LayerKeys Keys { get; } = new([Listed], static (decoder, layers, kept) =>
    {
        HashSet<int> dense = Of(decoder, layers);
        if (dense.Count == 0 && (decoder[Step] is null || StepOf(decoder) == 1)) return [];
        var now = kept.Index().Where(layer => dense.Contains(layer.Item)).Select(layer => layer.Index);
        return [(Listed, $"[{string.Join(", ", now)}]"), (Step, "1")];
    });

    /// <summary>The layers, 0-based.</summary>
    /// <param name="decoder">The decoder's part of the config.</param>
    /// <param name="layers">Number of layers.</param>
    /// <exception cref="InputException">One of the keys holds something else.</exception>
    public static HashSet<int> Of(JsonObject decoder, int layers)
    {
        int step = StepOf(decoder);
        HashSet<int> dense = [.. Enumerable.Range(0, layers).Where(layer => (layer + 1) % step != 0)];
        if (decoder[Listed] is not { } listed) return dense;
        if (listed is not JsonArray array || !array.All(IsLayer))
            throw new InputException($"config.json: {Listed} is no list of layers: {Shown(listed)}.");
        dense.UnionWith(array.Select(layer => layer!.GetValue<int>()));
        return dense;
    }

    private static int StepOf(JsonObject decoder) => decoder[Step] switch
    {
        null => 1,
        JsonValue value when value.TryGetValue(out int step) && step >= 1 => step,
        var other => throw new InputException($"config.json: {Step} is {Shown(other)}, expected a whole number above 0."),
    };

    private static bool IsLayer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int layer) && layer >= 0;

    private static string Shown(JsonNode node) => Text.Printable.Line(node.ToJsonString());
}
