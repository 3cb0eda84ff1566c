using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>
/// A model folder's own chat template. It is never executed: each family's known ones are written in C#, and another one is refused,
/// because a prompt that is rendered as another model's gives answers that are silently worse.
/// </summary>
internal static class TemplateFile
{
    /// <summary>
    /// Finds the known template that a folder's is: that of the first of <c>chat_template.jinja</c>, <c>chat_template.json</c> and
    /// <c>tokenizer_config.json</c> that holds one. Without any it is the first of the known ones.
    /// </summary>
    /// <typeparam name="T">What renders a known template.</typeparam>
    /// <param name="folder">The model folder.</param>
    /// <param name="family">The family's name, for the message.</param>
    /// <param name="known">By the SHA-256 of its text, trimmed and with line feeds.</param>
    /// <exception cref="InputException">The folder's is none of them, or cannot be read.</exception>
    public static T Find<T>(string folder, string family, params IReadOnlyList<(string Sha256, T Template)> known)
    {
        if (Read(folder) is not var (file, text)) return known[0].Template;
        string hash = HashOf(text);
        foreach (var (sha256, template) in known)
            if (sha256 == hash) return template;
        throw new InputException($"{file} is another chat template than those of {family} that are known here, "
            + "and templates are not executed: "
            + "take it out of the folder to have prompts rendered as the family's published models have them.");
    }

    /// <summary>SHA-256 of a template's text, trimmed and with line feeds, in lower-case hexadecimal.</summary>
    internal static string HashOf(string template)
    {
        string text = template.Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>The folder's template and the file that holds it; null where it has none.</summary>
    internal static (string File, string Text)? Read(string folder)
    {
        foreach ((string name, Func<string, string?> read) in (ReadOnlySpan<(string, Func<string, string?>)>)
            [("chat_template.jinja", static text => text), ("chat_template.json", InJson), ("tokenizer_config.json", InJson)])
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file)) continue;
            try
            {
                if (read(Encoding.UTF8.GetString(StrictJson.Bytes(file))) is { } own) return (file, own);
            }
            catch (JsonException error)
            {
                throw new InputException($"{file} is not valid JSON: {error.Message}", error);
            }
        }
        return null;
    }

    /// <summary>The chat_template of a JSON file: a text, or a list of named ones of which "default" counts.</summary>
    private static string? InJson(string json) => (StrictJson.Parse(json) as JsonObject)?["chat_template"] switch
    {
        JsonArray named => Text(named.OfType<JsonObject>().FirstOrDefault(entry => Text(entry["name"]) == "default")?["template"]),
        var single => Text(single),
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
