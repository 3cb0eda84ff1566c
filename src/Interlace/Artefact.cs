using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace;

/// <summary>A JSON artefact: it names its format first.</summary>
internal interface IArtefact
{
    /// <summary>Name and version of the format.</summary>
    string Format { get; }
}

/// <summary>How artefacts are written and read.</summary>
internal static class Artefact
{
    /// <summary>The text of an artefact.</summary>
    public static string ToText<T>(T artefact, JsonTypeInfo<T> type) => JsonSerializer.Serialize(artefact, type) + "\n";

    /// <summary>Writes an artefact whole or not at all.</summary>
    public static void Save<T>(string path, T artefact, JsonTypeInfo<T> type) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToText(artefact, type)));

    /// <summary>Reads and checks an artefact.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">How it is spelled.</param>
    /// <param name="format">The format that it must have.</param>
    /// <param name="absent">What to do where there is no such file, for the message.</param>
    /// <param name="wrong">What a wrong one is, such as <c>holds no valid scores</c>.</param>
    /// <param name="check">Throws <see cref="JsonException"/> where its parts contradict each other.</param>
    /// <exception cref="InputException">It is absent, of another format, or contradicts itself.</exception>
    public static T Load<T>(string path, JsonTypeInfo<T> type, string format, string absent, string wrong, Action<T>? check = null) where T : class, IArtefact
    {
        if (!File.Exists(path)) throw new InputException($"There is no {path}: {absent}.");
        try
        {
            var found = StrictJson.Parse(StrictJson.Bytes(path), type);
            if (found.Format != format) throw new JsonException($"its format is '{found.Format}', expected '{format}'");
            check?.Invoke(found);
            return found;
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} {wrong}: {e.Message.TrimEnd('.')}.", e);
        }
    }
}
