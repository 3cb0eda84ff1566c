using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Cases;

/// <summary>A writable copy of the demo's model (16 decoder layers, one weight file), to be damaged.</summary>
internal sealed class ModelCopy : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public ModelCopy() => Folder = _scratch.Copy(Original, "model");

    public static string Demo { get; } = Path.Combine(Shared.Repository, "assets", "demo");

    public static string Original { get; } = Path.Combine(Demo, "model");

    public string Folder { get; }

    public string At(params string[] parts) => _scratch.At(parts);

    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Overwrites one element of a tensor, in this folder's weight file or another's.</summary>
    public void Poke(string tensor, long element, byte[] bits, string? folder = null)
    {
        string path = Path.Combine(folder ?? Folder, Checkpoint.SingleName);
        TensorEntry entry;
        using (var file = SafeTensorsFile.Open(path)) entry = file.Tensors.Single(found => found.Name == tensor);
        using var stream = System.IO.File.OpenWrite(path);
        stream.Position = entry.Offset + element * bits.Length;
        stream.Write(bits);
    }

    /// <summary>Changes a JSON file of the folder.</summary>
    public void Edit(string name, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(System.IO.File.ReadAllText(File(name)))!.AsObject();
        change(json);
        System.IO.File.WriteAllText(File(name), json.ToJsonString());
    }

    /// <summary>The model without four of its layers, three of the others to be tuned.</summary>
    public string Prune(string name = "pruned")
    {
        LayerRemoval.Prune(Folder, PruningPlan.Create(16, drop: [4, 7, 10, 13], tune: [5, 8, 11]), At(name));
        return At(name);
    }

    public void Dispose() => _scratch.Dispose();
}
