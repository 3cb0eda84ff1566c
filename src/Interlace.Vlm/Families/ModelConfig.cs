using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>The <c>config.json</c> of a model folder.</summary>
/// <param name="folder">The folder.</param>
/// <param name="json">What the file holds.</param>
/// <param name="shapeOf">Shape of a tensor in the folder's files, null where there is none; null where the files are not looked at.</param>
internal sealed class ModelConfig(string folder, JsonObject json, Func<string, long[]?>? shapeOf = null)
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

    /// <summary>Shape of a tensor in the folder's files; null where it is not there, or the files are not looked at.</summary>
    public long[]? ShapeOf(string tensor) => shapeOf?.Invoke(tensor);

    /// <summary>Reads a model folder's.</summary>
    /// <exception cref="InputException">It is absent or no JSON object.</exception>
    public static ModelConfig Read(string folder) => new(folder, StrictJson.ReadObject(Path.Combine(folder, "config.json")));

    /// <summary>That of an open folder, whose files tell the shapes of their tensors.</summary>
    public static ModelConfig Of(Checkpoint checkpoint) => new(checkpoint.Folder, checkpoint.Config,
        tensor => checkpoint.Contains(tensor) ? checkpoint.Find(tensor).Entry.Shape : null);
}
