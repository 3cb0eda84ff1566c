using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Server;

/// <summary>The members of an object in a request, each taken once and checked; what nobody takes is refused by name.</summary>
/// <param name="json">The object.</param>
/// <param name="path">Where it stands, for messages; empty for the request itself.</param>
internal sealed class Fields(JsonObject json, string path = "")
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>The object that a value must be.</summary>
    public static Fields Of(JsonNode? node, string path) =>
        node is JsonObject json ? new(json, path) : throw Wrong(path, "an object is expected");

    /// <summary>The name of a member from the root of the request.</summary>
    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>A member's value; null where it is absent or JSON's null.</summary>
    public JsonNode? Any(string name)
    {
        _taken.Add(name);
        return json[name];
    }

    /// <summary>Members that change nothing here.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names) _taken.Add(name);
    }

    public string? Text(string name) => Any(name) is not { } node ? null
        : node is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(PathOf(name), "a text is expected");

    public string RequiredText(string name) => Text(name) ?? throw Wrong(PathOf(name), "a text is expected, and there is none");

    public bool Flag(string name) => Any(name) is { } node
        && (node is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Wrong(PathOf(name), "true or false is expected"));

    public double? Number(string name, double least, double most)
    {
        if (Any(name) is not { } node) return null;
        if (node is JsonValue value && value.TryGetValue(out double number) && number >= least && number <= most) return number;
        throw Wrong(PathOf(name), $"a number from {least} to {most} is expected");
    }

    public long? Whole(string name, long least, long most)
    {
        if (Any(name) is not { } node) return null;
        if (node is JsonValue value && value.TryGetValue(out long number) && number >= least && number <= most) return number;
        throw Wrong(PathOf(name), $"a whole number from {least} to {most} is expected");
    }

    /// <summary>Refuses a member whose value asks for something that there is not here.</summary>
    /// <param name="name">The member.</param>
    /// <param name="asksForNothing">Whether a value asks for nothing beyond what is done anyway.</param>
    /// <param name="what">What cannot be done, as the beginning of a sentence.</param>
    public void Unsupported(string name, Func<JsonNode, bool> asksForNothing, string what)
    {
        if (Any(name) is { } node && !asksForNothing(node))
        {
            throw new RequestException(400, $"{what} cannot be had here: leave '{PathOf(name)}' out.", PathOf(name),
                "unsupported_parameter");
        }
    }

    /// <summary>Refuses what nobody took.</summary>
    public void CheckNothingIsLeft()
    {
        if (json.Select(member => member.Key).FirstOrDefault(name => !_taken.Contains(name)) is { } unknown)
            throw new RequestException(400, $"'{PathOf(Shown(unknown))}' is not known here: leave it out.", PathOf(Shown(unknown)),
                "unknown_parameter");
    }

    public static RequestException Wrong(string where, string expected) =>
        new(400, $"'{where}' is wrong: {expected}.", where, "invalid_value");

    public static bool Is(JsonNode node, bool expected) => node is JsonValue value && value.TryGetValue(out bool flag) && flag == expected;

    public static bool Is(JsonNode node, string expected) =>
        node is JsonValue value && value.TryGetValue(out string? text) && text == expected;

    public static bool IsZero(JsonNode node) => node is JsonValue value && value.TryGetValue(out double number) && number == 0;

    public static bool IsEmpty(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Array => node.AsArray().Count == 0,
        JsonValueKind.Object => node.AsObject().Count == 0,
        _ => false,
    };

    private static string Shown(string name) => name.Length <= 60 ? name : name[..60] + "...";
}
