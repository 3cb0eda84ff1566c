using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// What tells one model folder from another without reading its weights: hashes of its config and of its tensors' names, types and shapes, and the sizes of its weight files.
/// </summary>
/// <param name="ConfigSha256">SHA-256 of the bytes of <c>config.json</c>, in lower-case hexadecimal.</param>
/// <param name="TensorsSha256">SHA-256 of the lines <c>name TYPE [sizes]</c> of all tensors, sorted by name.</param>
/// <param name="FileBytes">Size of each weight file by its name.</param>
/// <param name="WeightsSha256">SHA-256 of the weight files' bytes, one after the other by name; null unless it was asked for.</param>
public sealed record ModelIdentity(string ConfigSha256, string TensorsSha256, IReadOnlyDictionary<string, long> FileBytes, string? WeightsSha256 = null)
{
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
        foreach (var file in checkpoint.Files) sizes[Path.GetFileName(file.Path)] = file.Tensors.Count == 0 ? new FileInfo(file.Path).Length : file.Tensors.Max(tensor => tensor.Offset + tensor.Bytes);
        return new(
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(checkpoint.Folder, "config.json")))),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString()))),
            sizes,
            full ? HashWeights(checkpoint, cancel) : null);
    }

    /// <summary>The first thing in which another model differs from this one, as the end of a sentence, or null where nothing tells them apart. Weights are compared where both hashes are known.</summary>
    public string? DifferenceFrom(ModelIdentity other) =>
        TensorsSha256 != other.TensorsSha256 ? "the names, types or shapes of its tensors differ"
        : ConfigSha256 != other.ConfigSha256 ? "its config.json differs"
        : !FileBytes.OrderBy(file => file.Key, StringComparer.Ordinal).SequenceEqual(other.FileBytes.OrderBy(file => file.Key, StringComparer.Ordinal)) ? "its weight files have other names or sizes"
        : WeightsSha256 is not null && other.WeightsSha256 is not null && WeightsSha256 != other.WeightsSha256 ? "its weights differ"
        : null;

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
