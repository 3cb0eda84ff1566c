using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>Writes a tuned model: the folder it was tuned from with the tuned tensors replaced,
/// in the element types of that folder.</summary>
public static class TunedModel
{
    /// <summary>What the folder takes on the disk.</summary>
    /// <param name="source">The folder that is tuned.</param>
    /// <param name="recordBytes">What the further files take.</param>
    public static long Size(string source, long recordBytes)
    {
        using var checkpoint = Checkpoint.Open(source);
        return checkpoint.Files.Sum(file =>
            SafeTensorsWriter.LargestSize([.. file.Tensors.Select(tensor => TensorSource.FromFile(file.Path, tensor, tensor.Name))]))
            + Companions(source).Sum(name => new FileInfo(Path.Combine(source, name)).Length) + recordBytes;
    }

    /// <summary>Writes the folder whole or not at all.</summary>
    /// <param name="source">The folder that was tuned, which is only read.</param>
    /// <param name="changes">The new value of each tensor that is changed, from the one in the file
    /// (<see cref="TrainedParameters.Changes"/>).</param>
    /// <param name="target">The new folder.</param>
    /// <param name="records">Further files by name: their paths.</param>
    /// <param name="overwrite">Replace what stands at the place.</param>
    /// <param name="progress">Reports after each tensor.</param>
    /// <param name="cancellation">Stops between chunks and leaves nothing behind.</param>
    /// <exception cref="InputException">A tuned weight is no number, the place is taken or the disk too full.</exception>
    public static void Write(string source, IReadOnlyDictionary<string, Func<Tensor, Tensor>> changes, string target,
        IReadOnlyDictionary<string, string> records, bool overwrite = false,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var checkpoint = Checkpoint.Open(source);
        IReadOnlyList<TensorSource>[] shards = [.. checkpoint.Files.Select(file => file.Tensors.Select(tensor =>
            changes.TryGetValue(tensor.Name, out var change)
                ? TensorSource.FromMade(tensor.Name, tensor.Type, tensor.Shape, () => change(ParameterSources.Load(file, tensor, CPU)))
                : TensorSource.FromFile(file.Path, tensor, tensor.Name)).ToArray())];
        foreach (var (file, tensor) in checkpoint.Files.SelectMany(file => file.Tensors.Select(tensor => (file, tensor))))
            if (changes.TryGetValue(tensor.Name, out var change) && !AreNumbers(change, file, tensor))
            {
                throw new NotANumberException($"Weight {tensor.Name} is no number (NaN or infinite) in {tensor.Type} after tuning: "
                    + "lower finetune.learning_rate.");
            }
        using var folder = StagedFolder.Begin(target, Size(source, records.Values.Sum(path => new FileInfo(path).Length)), overwrite
            ? ModelRecords.AreIn : null);
        CheckpointWriter.Write(folder.FullPath, shards, LayerRemoval.IndexMetadata(source), progress is null
            ? null : new ByteProgress("write", shards.Sum(shard => shard.Sum(tensor => tensor.Bytes)), progress), cancellation);
        foreach (string file in Companions(source)) LayerRemoval.CopyFile(Path.Combine(source, file), Path.Combine(folder.FullPath, file));
        foreach (var (name, path) in records) LayerRemoval.CopyFile(path, Path.Combine(folder.FullPath, name));
        cancellation.ThrowIfCancellationRequested();
        checkpoint.CheckUnchanged();
        folder.Commit();
    }

    private static IEnumerable<string> Companions(string source) =>
        [.. LayerRemoval.Companions(source), "config.json",
            .. new[] { PlanFile.Name, PrunedModelFile.Name }.Where(name => File.Exists(Path.Combine(source, name)))];

    private static bool AreNumbers(Func<Tensor, Tensor> change, SafeTensorsFile file, TensorEntry tensor)
    {
        using var scope = NewDisposeScope();
        return FiniteValues.In(change(ParameterSources.Load(file, tensor, CPU)).detach().to(tensor.Type.ToScalarType()));
    }
}
