using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>The <c>config.json</c> of a model folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="json">What the file holds.</param>
internal sealed class ModelConfig(string folder, JsonObject json)
{
    /// <summary>The model folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>The whole of it.</summary>
    public ConfigSection Root { get; } = new(json, Path.Combine(folder, "config.json"));

    /// <summary>The part that describes the decoder: <c>text_config</c>, or the root where there is none.</summary>
    public ConfigSection Text => Root.Has("text_config") ? Root.Section("text_config") : Root;

    /// <summary>The part that describes the vision encoder.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public ConfigSection Vision => Root.Section("vision_config");

    /// <summary>Reads a model folder's.</summary>
    /// <exception cref="InputException">It is absent or no JSON object.</exception>
    public static ModelConfig Read(string folder) => new(folder, StrictJson.ReadObject(Path.Combine(folder, "config.json")));
}
