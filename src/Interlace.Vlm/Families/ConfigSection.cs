using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families;

/// <summary>
/// An object of a settings file, read with bounds: a number that cannot be is refused before anything of its size is made.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="name">Its place in the file, such as <c>text_config</c>; empty for the whole.</param>
internal sealed class ConfigSection(JsonObject json, string path, string name = "")
{
    // Larger than any model's by far, and small enough that no product of two of them overflows and no such number makes memory or time
    // run out before the weights are compared with it.
    internal const int LargestVocabulary = 1 << 22, LargestPatch = 1 << 9, LargestMerge = 1 << 4, LargestSide = 1 << 14;
    internal const int LargestCount = 1 << 12, LargestWidth = 1 << 20, LargestPositions = 1 << 22;

    /// <summary>The file.</summary>
    public string File => path;

    /// <summary>The object itself.</summary>
    public JsonObject Json => json;

    /// <summary>Whether a value stands there.</summary>
    public bool Has(string key) => json[key] is not null;

    /// <summary>An object in it.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public ConfigSection Section(string key) => json[key] is JsonObject inner
        ? new(inner, path, key)
        : throw new InputException($"{path} has no {key}: it describes no model of its model_type.");

    /// <summary>A width of layers.</summary>
    /// <exception cref="InputException">It is absent and has no standard value, or beyond any model's.</exception>
    public int Width(string key, int? standard = null) => Int(key, LargestWidth, standard);

    /// <summary>A number of layers, heads or tiles.</summary>
    /// <exception cref="InputException">As of <see cref="Width"/>.</exception>
    public int Count(string key, int? standard = null) => Int(key, LargestCount, standard);

    /// <summary>A number of tokens that have an embedding.</summary>
    /// <exception cref="InputException">As of <see cref="Width"/>.</exception>
    public int Vocabulary(string key, int? standard = null) => Int(key, LargestVocabulary, standard);

    /// <summary>A side of an image or a tile in pixels.</summary>
    /// <exception cref="InputException">As of <see cref="Width"/>.</exception>
    public int Side(string key, int? standard = null) => Int(key, LargestSide, standard);

    /// <summary>A side of a patch in pixels.</summary>
    /// <exception cref="InputException">As of <see cref="Width"/>.</exception>
    public int Patch(string key, int? standard = null) => Int(key, LargestPatch, standard);

    /// <summary>Patches along a side of the block that becomes one token.</summary>
    /// <exception cref="InputException">As of <see cref="Width"/>.</exception>
    public int Merge(string key, int? standard = null) => Int(key, LargestMerge, standard);

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    /// <exception cref="InputException">It is absent and has no standard value, or is another.</exception>
    public int Int(string key, int most, int? standard = null, int least = 1)
    {
        double value = Number(key, standard);
        return value >= least && value <= most && value % 1 == 0
            ? (int)value
            : throw new InputException($"{path}: {key} is {value}, expected a whole number from {least} to {most}.");
    }

    /// <summary>A number above 0.</summary>
    /// <exception cref="InputException">It is absent and has no standard value, or is another.</exception>
    public double Positive(string key, double? standard = null)
    {
        double value = Number(key, standard);
        return value > 0 && double.IsFinite(value)
            ? value
            : throw new InputException($"{path}: {key} is {value}, expected a number above 0.");
    }

    /// <summary>Any number.</summary>
    /// <exception cref="InputException">It is absent and has no standard value, or no number.</exception>
    public double Number(string key, double? standard = null)
    {
        if (json[key] is not { } node) return standard ?? throw new InputException($"{path} has no {key}.");
        return node.GetValueKind() == JsonValueKind.Number
            ? node.GetValue<double>()
            : throw new InputException($"{path}: {key} is {node.ToJsonString()}, expected a number.");
    }

    /// <summary>True or false.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public bool Flag(string key, bool standard) => Value(key, standard, "true or false");

    /// <summary>A text.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public string Text(string key, string standard) => Value(key, standard, "a text");

    /// <summary>A list of whole numbers, none below 0.</summary>
    /// <exception cref="InputException">It is absent, or something else.</exception>
    public int[] Ints(string key) => json[key] is JsonArray array && array.All(IsCount)
        ? [.. array.Select(number => (int)number!.GetValue<double>())]
        : throw new InputException($"{path}: {key} is no list of whole numbers.");

    /// <summary>Three numbers, one for each colour.</summary>
    /// <exception cref="InputException">It is absent, or something else.</exception>
    public double[] Channels(string key) => json[key] is JsonArray { Count: 3 } values && values.All(IsFinite)
        ? [.. values.Select(value => value!.GetValue<double>())]
        : throw new InputException($"{path}: {key} is {json[key]?.ToJsonString() ?? "absent"}, expected three numbers.");

    /// <summary>Makes sure that a text, where it is given, is one of those that are known.</summary>
    /// <exception cref="InputException">It is another.</exception>
    public string OneOf(string key, string standard, params string[] known)
    {
        string value = Text(key, standard);
        return known.Contains(value)
            ? value
            : throw new InputException($"{path}: {Place(key)} is {value}, expected {string.Join(" or ", known)}.");
    }

    private string Place(string key) => name.Length > 0 ? $"{name}.{key}" : key;

    private T Value<T>(string key, T standard, string expected) => json[key] switch
    {
        null => standard,
        JsonValue value when value.TryGetValue(out T? found) => found,
        var other => throw new InputException($"{path}: {key} is {other.ToJsonString()}, expected {expected}."),
    };

    private static bool IsCount(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number && node.GetValue<double>() is >= 0 and <= int.MaxValue and var number
            && number % 1 == 0;

    private static bool IsFinite(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number && double.IsFinite(node.GetValue<double>());
}
