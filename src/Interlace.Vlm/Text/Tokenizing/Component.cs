using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// A component that a tokenizer.json names (a normaliser, a pre-tokenizer, ...) with its settings.
/// What is not known to be reproduced exactly is refused by its name, never passed over.
/// </summary>
internal readonly record struct Component(JsonElement Json, string Kind, string Source)
{
    /// <summary>Longest text of a setting; a step that inserts it may do so at every character.</summary>
    private const int LongestSetting = 256;

    private const int MostSteps = 32;

    /// <summary>How many times as long the steps of one section may make a text, all together.</summary>
    public const int MostGrowth = 64;

    /// <summary>What it calls itself.</summary>
    public string Type => Json.TryGetProperty("type", out JsonElement type) ? type.GetString() ?? "" : "";

    /// <summary>
    /// The steps of a section in order: those of a Sequence, of Sequences within it, or the section itself; none where it is null.
    /// </summary>
    /// <param name="section">The section; default where the file has none.</param>
    /// <param name="kind">What a message calls its components.</param>
    /// <param name="list">The setting of a Sequence that holds its steps.</param>
    /// <param name="source">The file, in messages.</param>
    public static IReadOnlyList<Component> Steps(JsonElement section, string kind, string list, string source)
    {
        List<Component> steps = [];
        Collect(new(section, kind, source));
        if (steps.Count > MostSteps)
            throw new InputException($"{source} has {steps.Count} {kind}s; more than {MostSteps} are not supported.");
        return steps;

        void Collect(Component component)
        {
            if (component.Json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return;
            if (component.Type != "Sequence") steps.Add(component);
            else
            {
                component.Allow(list);
                foreach (JsonElement step in component.Json.GetProperty(list).EnumerateArray()) Collect(component with { Json = step });
            }
        }
    }

    /// <summary>Refuses any setting but the type and those named.</summary>
    public void Allow(params ReadOnlySpan<string> settings)
    {
        foreach (JsonProperty setting in Json.EnumerateObject())
            if (setting.Name != "type" && !settings.Contains(setting.Name)) throw Refused($"setting {Printable.Quote(setting.Name)}");
    }

    /// <summary>A setting that is true or false.</summary>
    public bool Flag(string name, bool absent = false) => Json.TryGetProperty(name, out JsonElement value) ? value.GetBoolean() : absent;

    /// <summary>A setting that is a text; null where it is absent or null.</summary>
    public string? Text(string name)
    {
        if (!Json.TryGetProperty(name, out JsonElement value) || value.GetString() is not { } text) return null;
        if (text.Length > LongestSetting) throw Refused($"{name} of {text.Length} characters");
        return text;
    }

    /// <summary>A setting that is a text and must be there.</summary>
    public string Required(string name) => Text(name) ?? throw new FormatException($"the {Kind} '{Type}' has no {name}.");

    /// <summary>A setting that is one character of the basic plane.</summary>
    public char Character(string name) =>
        Required(name) is [var character] ? character : throw Refused($"{name} that is no single character");

    /// <summary>The pattern of a Replace, which must be a plain text.</summary>
    public string PlainPattern()
    {
        Component pattern = this with { Json = Json.GetProperty("pattern") };
        if (pattern.Text("String") is { Length: > 0 } text) return text;
        throw Refused("pattern that is no plain text");
    }

    /// <summary>That this component cannot be reproduced; <paramref name="why"/> names the setting where not all is unknown.</summary>
    public InputException Refused(string? why = null) =>
        new($"{Source}: the {Kind} {Printable.Quote(Type)} {(why is null ? "" : $"with the {why} ")}is not supported.");
}
