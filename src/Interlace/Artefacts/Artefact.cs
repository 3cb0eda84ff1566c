using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Artefacts;

/// <summary>How artefacts are written and read.</summary>
internal static class Artefact
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>The text of an artefact.</summary>
    public static string ToText<T>(T artefact, JsonTypeInfo<T> type) => JsonSerializer.Serialize(artefact, type) + "\n";

    /// <summary>Writes an artefact whole or not at all.</summary>
    public static void Save<T>(string path, T artefact, JsonTypeInfo<T> type) =>
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToText(artefact, type)));

    /// <summary>Writes JSON without a format of its own, whole or not at all.</summary>
    public static void Save(string path, JsonNode json) =>
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n"));

    /// <summary>Reads and checks an artefact.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">How it is spelled.</param>
    /// <param name="format">The format that it must have.</param>
    /// <param name="absent">What to do where there is no such file, for the message.</param>
    /// <param name="wrong">What a wrong one is, such as <c>holds no valid scores</c>.</param>
    /// <param name="check">Throws <see cref="JsonException"/> where its parts contradict each other.</param>
    /// <exception cref="InputException">It is absent, of another format, or contradicts itself.</exception>
    public static T Load<T>(string path, JsonTypeInfo<T> type, string format, string absent, string wrong,
        Action<T>? check = null) where T : class, IArtefact
    {
        UserFile.Check(path, $"There is no {path}: {absent}.");
        return Read(path, type, wrong, found =>
        {
            if (found.Format != format) throw new JsonException($"its format is '{found.Format}', expected '{format}'");
            check?.Invoke(found);
        });
    }

    /// <summary>Reads and checks a JSON file of ours that is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">How it is spelled.</param>
    /// <param name="wrong">What a wrong one is, such as <c>holds no valid scores</c>.</param>
    /// <param name="check">Throws <see cref="JsonException"/> where its parts contradict each other.</param>
    /// <exception cref="InputException">It is wrong.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, string wrong, Action<T>? check = null) where T : class
    {
        try
        {
            var found = StrictJson.Parse(StrictJson.Bytes(path), type);
            RequireWhole(found, type, "");
            check?.Invoke(found);
            return found;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} {wrong}: {Shortened(e.Message.TrimEnd('.'))}.", e);
        }
    }

    /// <summary>
    /// Refuses lists and dictionaries that have null where a value belongs: the reader of JSON checks single members alone.
    /// </summary>
    /// <exception cref="JsonException">There is one.</exception>
    public static void RequireWhole(object value, JsonTypeInfo type, string where)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                foreach (var member in type.Properties)
                    if (member.Get?.Invoke(value) is { } inner)
                        RequireWhole(inner, type.Options.GetTypeInfo(member.PropertyType), $"{where}.{member.Name}");
                break;
            case JsonTypeInfoKind.Enumerable:
                foreach (object? item in (IEnumerable)value)
                    RequireWhole(item ?? throw new JsonException($"{where.TrimStart('.')} has a null in it"),
                        type.Options.GetTypeInfo(item.GetType()), where);
                break;
            case JsonTypeInfoKind.Dictionary:
                foreach (DictionaryEntry entry in (IDictionary)value)
                    RequireWhole(entry.Value ?? throw new JsonException($"{where.TrimStart('.')} has null for '{entry.Key}'"),
                        type.Options.GetTypeInfo(type.ElementType!), where);
                break;
        }
    }

    private const int LongestReason = 200;

    private static string Shortened(string reason) =>
        reason.Length <= LongestReason ? reason : string.Concat(reason.AsSpan(0, LongestReason), "...");
}
