using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace;

/// <summary>What a file is, by the format that it names.</summary>
public static class ArtefactFormat
{
    /// <summary>Name and version of the format of a JSON file, or null where it is no artefact.</summary>
    /// <param name="path">The file, which is there.</param>
    public static string? Of(string path)
    {
        try
        {
            return StrictJson.Read(path) is JsonObject artefact && artefact["format"] is JsonValue value && value.TryGetValue(out string? format) ? format : null;
        }
        catch (InputException)
        {
            return null;
        }
    }
}
