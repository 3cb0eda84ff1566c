using Interlace.Jobs;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Pruning.Sparsity;

/// <summary>A copy of a model folder in the making, byte for byte, in which single tensors are overwritten where they lie:
/// memory holds one of them at a time.</summary>
internal sealed class CheckpointCopy
{
    private readonly Dictionary<string, (string Path, TensorEntry Entry)> _places;

    private CheckpointCopy(Dictionary<string, (string, TensorEntry)> places) => _places = places;

    /// <summary>Bytes that the copy takes at most.</summary>
    public static long LargestSize(Checkpoint model) =>
        Shards(model).Sum(SafeTensorsWriter.LargestSize) + Files(model)
            .Sum(file => LayerRemoval.FileBytes(Path.Combine(model.Folder, file)));

    /// <summary>Copies weights, config and all files that belong to the model.</summary>
    /// <param name="model">The original.</param>
    /// <param name="folder">An existing folder without weights.</param>
    /// <param name="progress">Reports after each tensor.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public static CheckpointCopy Write(Checkpoint model, string folder, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var shards = Shards(model);
        CheckpointWriter.Write(folder, shards, LayerRemoval.IndexMetadata(model.Folder), progress is null
            ? null : new ByteProgress("copy", shards.Sum(shard => shard.Sum(tensor => tensor.Bytes)), progress), cancellation);
        foreach (string file in Files(model)) LayerRemoval.CopyFile(Path.Combine(model.Folder, file), Path.Combine(folder, file));
        using var copy = Checkpoint.Open(folder);
        return new(copy.Files.SelectMany(file => file.Tensors.Select(entry => (file.Path, entry)))
            .ToDictionary(place => place.entry.Name, place => (place.Path, place.entry), StringComparer.Ordinal));
    }

    /// <summary>Overwrites a tensor with values of the same number, in the type that it has.</summary>
    public void Replace(string name, Tensor value, CancellationToken cancellation)
    {
        var (path, entry) = _places[name];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read, 1 << 20);
        file.Position = entry.Offset;
        TensorSource.FromTensor(name, value, entry.Type).CopyTo(file, cancellation);
        if (file.Position != entry.Offset + entry.Bytes)
            throw new InvalidOperationException($"Tensor {name} has {entry.Bytes} bytes, {file.Position - entry.Offset} were written.");
    }

    private static IEnumerable<string> Files(Checkpoint model) => LayerRemoval.Companions(model.Folder).Append("config.json");

    private static IReadOnlyList<TensorSource>[] Shards(Checkpoint model) =>
        [.. model.Files.Select(file => file.Tensors.Select(tensor => TensorSource.FromFile(file.Path, tensor, tensor.Name)).ToArray())];
}
