using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Artefacts;

/// <summary>What a file is, by the format that it names.</summary>
public static class ArtefactFormat
{
    /// <summary>Name and version of the format of a JSON file, or null where it is no artefact.</summary>
    /// <param name="path">The file, which is there.</param>
    public static string? Of(string path)
    {
        try
        {
            return Read(path);
        }
        catch (InputException)
        {
            return null;
        }
    }

    /// <summary>The same of a file that must be JSON.</summary>
    /// <param name="path">The file, which is there.</param>
    /// <exception cref="InputException">It is no JSON.</exception>
    public static string? Read(string path) =>
        StrictJson.Read(path) is JsonObject artefact && artefact["format"] is JsonValue value && value.TryGetValue(out string? format)
            ? format : null;
}
