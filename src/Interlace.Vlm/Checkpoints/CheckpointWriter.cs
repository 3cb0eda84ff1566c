using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Checkpoints;

/// <summary>Writes the weights of a model folder in Hugging Face's layout: one file, or shards with an index.</summary>
public static class CheckpointWriter
{
    private const int FilesAtOnce = 2;

    private static readonly JsonSerializerOptions IndexFormat =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes one file per shard, two at a time, and flushes each to the disk. They are named as readers expect them. One shard needs no
    /// index; more are listed in one, with the bytes (and parameters, where <paramref name="indexMetadata"/> has them) counted anew.
    /// </summary>
    /// <param name="folder">An existing folder without weights.</param>
    /// <param name="shards">The tensors of each shard; empty ones are left out. Two threads ask for their bytes.</param>
    /// <param name="indexMetadata">The <c>metadata</c> of the index that the tensors come from, where there is one.</param>
    /// <param name="written">Receives the number of bytes after each tensor, from several threads.</param>
    /// <param name="cancel">Stops between chunks; what is written is then the caller's to delete.</param>
    public static void Write(string folder, IEnumerable<IReadOnlyList<TensorSource>> shards, JsonObject? indexMetadata = null,
        IProgress<long>? written = null, CancellationToken cancel = default)
    {
        IReadOnlyList<TensorSource>[] filled = [.. shards.Where(shard => shard.Count > 0)];
        // One goes to the disk while another is copied.
        var several = new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancel };
        Together.Run(() => Parallel.For(0, filled.Length, several, i =>
        {
            string path = Path.Combine(folder, FileName(i, filled.Length));
            SafeTensorsWriter.Write(path, filled[i], null, written, cancel);
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }));
        if (filled.Length > 1) File.WriteAllText(Path.Combine(folder, Checkpoint.IndexName), Index(filled, indexMetadata));
    }

    /// <summary>
    /// Deals tensors out to shards in the order given, each of at most
    /// <paramref name="largestShard"/> bytes unless a single tensor is larger.
    /// </summary>
    public static IEnumerable<IReadOnlyList<TensorSource>> Split(IEnumerable<TensorSource> tensors, long largestShard)
    {
        var shard = new List<TensorSource>();
        long bytes = 0;
        foreach (var tensor in tensors)
        {
            if (shard.Count > 0 && bytes + tensor.Bytes > largestShard)
            {
                yield return shard;
                (shard, bytes) = ([], 0);
            }
            shard.Add(tensor);
            bytes += tensor.Bytes;
        }
        if (shard.Count > 0) yield return shard;
    }

    /// <summary>Name of shard <paramref name="index"/> (0-based) of <paramref name="count"/>.</summary>
    public static string FileName(int index, int count) =>
        count == 1 ? Checkpoint.SingleName : $"model-{index + 1:00000}-of-{count:00000}.safetensors";

    private static string Index(IReadOnlyList<TensorSource>[] shards, JsonObject? metadata)
    {
        metadata = (JsonObject?)metadata?.DeepClone() ?? [];
        metadata["total_size"] = shards.Sum(shard => shard.Sum(tensor => tensor.Bytes));
        if (metadata.ContainsKey("total_parameters"))
            metadata["total_parameters"] = shards.Sum(shard => shard.Sum(tensor => tensor.Elements));
        var places = shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Name, File: FileName(i, shards.Length))))
            .OrderBy(place => place.Name, StringComparer.Ordinal);
        var map = new JsonObject();
        foreach (var (name, file) in places) map.Add(name, file);
        return new JsonObject { ["metadata"] = metadata, ["weight_map"] = map }.ToJsonString(IndexFormat) + "\n";
    }
}
