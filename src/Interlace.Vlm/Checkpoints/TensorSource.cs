using System.Buffers;

namespace Interlace.Vlm.Checkpoints;

/// <summary>A tensor to be written: its header entry, and where its bytes come from when their turn comes.</summary>
/// <param name="Name">Name in the new file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes of its dimensions; empty for a scalar.</param>
/// <param name="CopyTo">Writes exactly <see cref="Bytes"/> bytes, little-endian and row-major, to the stream.</param>
public sealed record TensorSource(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream, CancellationToken> CopyTo)
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Length in bytes.</summary>
    public long Bytes => Elements * Type.Size();

    /// <summary>A tensor of another file under a new name, copied by byte range in constant memory.</summary>
    public static TensorSource FromFile(string path, TensorEntry entry, string name) =>
        new(name, entry.Type, entry.Shape, (target, cancel) => CopyRange(path, entry, target, cancel));

    /// <summary>A tensor whose bytes are in memory.</summary>
    public static TensorSource FromBytes(string name, ElementType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes) =>
        new(name, type, shape, (target, _) => target.Write(bytes.Span));

    private static void CopyRange(string path, TensorEntry entry, Stream target, CancellationToken cancel)
    {
        using var file = File.OpenHandle(path);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (long done = 0; done < entry.Bytes;)
            {
                cancel.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(ChunkBytes, entry.Bytes - done)), entry.Offset + done);
                if (read == 0) throw new InputException($"{path} ends within tensor {entry.Name}. Copy or download it again.");
                target.Write(buffer, 0, read);
                done += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
