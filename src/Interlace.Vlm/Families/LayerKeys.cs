using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families;

/// <summary>Keys of a decoder's config that speak of single layers by their index, beside <c>layer_types</c>.</summary>
/// <param name="Names">Their names.</param>
/// <param name="Kept">
/// From the decoder's part of the config, the number of its layers and those that stay: the keys that must change, with values (JSON) by
/// which every layer that stays is what it was.
/// </param>
internal sealed record LayerKeys(
    IReadOnlyList<string> Names, Func<JsonObject, int, IReadOnlyList<int>, IReadOnlyList<(string Key, string Json)>> Kept)
{
    /// <summary>None.</summary>
    public static LayerKeys None { get; } = new([], static (_, _, _) => []);
}
