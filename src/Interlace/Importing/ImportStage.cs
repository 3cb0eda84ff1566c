using System.Buffers;
using System.Security.Cryptography;
using Interlace.Artefacts;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Files;

namespace Interlace.Importing;

/// <summary>
/// The stage <c>import</c>: a GGUF file -> a model folder in Hugging Face's layout, with <c>import.json</c> beside its files. Weights are
/// dequantised one piece at a time, in constant memory. The folder appears whole or not at all; a stage that was ended begins anew.
/// </summary>
public static class ImportStage
{
    private const long RoomForRecords = 1 << 20;

    /// <summary>Larger models are written in several files, as published ones are.</summary>
    private const long LargestShard = 5_000_000_000;

    private const int ChunkBytes = 1 << 20;

    /// <summary>The types in which weights can be written, by their names on the command line.</summary>
    public static IReadOnlyDictionary<string, ElementType> Types { get; } =
        new Dictionary<string, ElementType>(StringComparer.Ordinal) { ["bf16"] = ElementType.BF16, ["f32"] = ElementType.F32 };

    /// <summary>Runs the stage. A target that holds the result of the same file and type already is left as it is.</summary>
    /// <param name="path">The GGUF file, which is only read.</param>
    /// <param name="target">The new folder.</param>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="replaces">Whether a folder that stands at the target may be replaced; none where absent.</param>
    /// <param name="say">Receives lines for a person.</param>
    /// <param name="progress">Reports megabytes read, then written.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <param name="cancel">Stops between pieces and leaves nothing behind.</param>
    /// <returns>The folder's record.</returns>
    /// <exception cref="InputException">The file is damaged or holds what cannot be imported, the place is taken,
    /// or the disk too full.</exception>
    public static ImportFile Run(string path, string target, string type, Predicate<string>? replaces = null, Action<string>? say = null,
        IProgress<StageProgress>? progress = null, Func<string, long>? freeBytes = null, CancellationToken cancel = default)
    {
        if (!Types.TryGetValue(type, out var element))
            throw new InputException($"The type is '{type}', expected {string.Join(" or ", Types.Keys)}.");
        OutputPlace.Check(target, path);
        using var model = GgufModel.Open(path);
        var files = model.Files(element);
        if (replaces is null && EmptyFolder.IsTaken(target))
        {
            var before = Finished(target, path, type, progress, cancel);
            StagedFolder.DiscardLeft(target);
            say?.Invoke($"{target} is there already.");
            return before;
        }

        var tensors = model.Tensors(element);
        IReadOnlyList<TensorSource>[] shards = [.. CheckpointWriter.Split(tensors, LargestShard)];
        long needed = shards.Sum(SafeTensorsWriter.LargestSize) + files.Values.Sum(file => (long)file.Length) + RoomForRecords;
        using var folder = StagedFolder.Begin(target, needed, replaces, freeBytes);
        var source = Source(path, progress, cancel);
        foreach (var (name, bytes) in files) File.WriteAllBytes(Path.Combine(folder.FullPath, name), bytes);
        CheckpointWriter.Write(folder.FullPath, shards, null, progress is null
            ? null : new ByteProgress("import", tensors.Sum(tensor => tensor.Bytes), progress), cancel);
        var record = Record(model, source, type, folder.FullPath, cancel);
        File.WriteAllText(Path.Combine(folder.FullPath, ImportFile.Name), record.ToJson());
        cancel.ThrowIfCancellationRequested();
        model.CheckUnchanged();
        folder.Commit();
        return record;
    }

    private static ImportFile Record(GgufModel model, ImportSource source, string type, string folder, CancellationToken cancel)
    {
        using var written = Checkpoint.Open(folder);
        ImportedWeights[] weights = [.. model.Types.Select(entry =>
            new ImportedWeights(entry.Type.Name, entry.Type.Bits, entry.Type.IsQuantised, entry.Weights))];
        return new(ImportFile.CurrentFormat, ProgramVersion.CreatedBy, source, model.Architecture, type, weights,
            ModelIdentity.Of(written, cancel: cancel), ImportFile.NoteOf(weights));
    }

    private static ImportSource Source(string path, IProgress<StageProgress>? progress, CancellationToken cancel)
    {
        using var file = UserFile.Open(path, options: FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var read = progress is null ? null : new ByteProgress("read", file.Length, progress);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        long bytes = 0;
        for (int count; (count = file.Read(buffer)) > 0; bytes += count)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
            read?.Report(count);
        }
        ArrayPool<byte>.Shared.Return(buffer);
        return new(Path.GetFileName(path), bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The record of a folder that was made from the same file and holds what was written then.</summary>
    /// <exception cref="InputException">It was not, or does not.</exception>
    private static ImportFile Finished(string target, string path, string type, IProgress<StageProgress>? progress,
        CancellationToken cancel)
    {
        if (ImportFile.In(target) is { } found && found.Dtype == type && found.Source.Bytes == new FileInfo(path).Length)
        {
            using var there = Checkpoint.Open(target);
            if (found.Model.DifferenceFrom(ModelIdentity.Of(there, cancel: cancel)) is null
                && Source(path, progress, cancel).Sha256 == found.Source.Sha256) return found;
        }
        throw new InputException($"{target} is not empty and does not hold this file's model in {type}: "
            + "name another folder, or start over with --force.");
    }
}
