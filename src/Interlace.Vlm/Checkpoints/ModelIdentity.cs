using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// What tells one model folder from another without reading all of its weights: hashes of its config, of its tensors' names,
/// types and shapes and of a sample of every tensor's bytes, and the sizes of its weight files.
/// It does not depend on where the folder lies, nor on the times of its files.
/// </summary>
/// <param name="ConfigSha256">SHA-256 of the bytes of <c>config.json</c>, in lower-case hexadecimal.</param>
/// <param name="TensorsSha256">SHA-256 of the lines <c>name TYPE [sizes]</c> of all tensors, sorted by name.</param>
/// <param name="FileBytes">Size of each weight file by its name.</param>
/// <param name="WeightsSha256">SHA-256 of the weight files' bytes, one after the other by name; null unless it was asked for.</param>
/// <param name="SampleSha256">SHA-256 of up to 1 MiB of every tensor, file by file: the whole of a smaller one, else blocks spread over it.
/// Null in what older versions wrote.</param>
public sealed record ModelIdentity(string ConfigSha256, string TensorsSha256, IReadOnlyDictionary<string, long> FileBytes,
    string? WeightsSha256 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SampleSha256 = null)
{
    // Few large blocks: a disk that turns seeks some 100 times a second. Every tensor has its own,
    // so that no layer can be exchanged unseen.
    private const int Blocks = 8, BlockBytes = 1 << 17;

    /// <summary>The identity of a model folder.</summary>
    /// <param name="checkpoint">The folder, opened.</param>
    /// <param name="full">Whether to hash the weights too, which reads every byte of them.</param>
    /// <param name="cancel">Ends the hashing of weights early.</param>
    public static ModelIdentity Of(Checkpoint checkpoint, bool full = false, CancellationToken cancel = default)
    {
        var lines = new StringBuilder();
        foreach (var tensor in checkpoint.Files.SelectMany(file => file.Tensors).OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
            lines.Append(tensor.Name).Append(' ').Append(tensor.Type).Append(" [").AppendJoin(", ", tensor.Shape).Append("]\n");
        var sizes = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var file in checkpoint.Files) sizes[Path.GetFileName(file.Path)] = SizeOf(file);
        return new(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(checkpoint.Folder, "config.json")))),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString()))),
            sizes,
            full ? HashWeights(checkpoint, cancel) : null,
            HashSample(checkpoint, cancel));
    }

    /// <summary>
    /// The first thing in which another model differs from this one, as the end of a sentence, or null where nothing tells them apart.
    /// Weights are compared where both hashes are known.
    /// </summary>
    public string? DifferenceFrom(ModelIdentity other) =>
        TensorsSha256 != other.TensorsSha256 ? "the names, types or shapes of its tensors differ"
        : ConfigSha256 != other.ConfigSha256 ? "its config.json differs"
        : !SortedSizes.SequenceEqual(other.SortedSizes) ? "its weight files have other names or sizes"
        : WeightsSha256 is not null && other.WeightsSha256 is not null && WeightsSha256 != other.WeightsSha256 ? "its weights differ"
        : SampleSha256 is not null && other.SampleSha256 is not null && SampleSha256 != other.SampleSha256 ? "its weights differ"
        : null;

    private IEnumerable<KeyValuePair<string, long>> SortedSizes => FileBytes.OrderBy(file => file.Key, StringComparer.Ordinal);

    private static long SizeOf(SafeTensorsFile file) =>
        file.Tensors.Count == 0 ? UserFile.LengthOf(file.Path) : file.Tensors.Max(tensor => tensor.Offset + tensor.Bytes);

    private static string HashSample(Checkpoint checkpoint, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Blocks * BlockBytes);
        foreach (var file in checkpoint.Files)
        {
            using var handle = File.OpenHandle(file.Path);
            foreach (var tensor in file.Tensors)
            {
                cancel.ThrowIfCancellationRequested();
                foreach (var (offset, bytes) in SampleOf(tensor))
                {
                    // Read, not mapped: a file that was cut short gives fewer bytes instead of ending the process.
                    if (RandomAccess.Read(handle, buffer.AsSpan(0, bytes), offset) < bytes)
                    {
                        throw new InputException($"{file.Path} became shorter while it was read: "
                            + "put the file back and repeat the command.");
                    }
                    hash.AppendData(buffer.AsSpan(0, bytes));
                }
            }
        }
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// The whole of a small tensor; of a larger one a block somewhere in each of as many equal parts,
    /// always the same for the same number of bytes.
    /// </summary>
    private static IEnumerable<(long Offset, int Bytes)> SampleOf(TensorEntry tensor)
    {
        if (tensor.Bytes <= Blocks * BlockBytes) return [(tensor.Offset, (int)tensor.Bytes)];
        var random = new SplitMix64((ulong)tensor.Bytes);
        long part = tensor.Bytes / Blocks;
        return [.. Enumerable.Range(0, Blocks)
            .Select(block => (tensor.Offset + block * part + (long)(random.NextDouble() * (part - BlockBytes)), BlockBytes))];
    }

    private static string HashWeights(Checkpoint checkpoint, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        foreach (var file in checkpoint.Files)
        {
            using var stream = File.OpenRead(file.Path);
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
