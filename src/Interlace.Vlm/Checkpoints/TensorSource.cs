using System.Buffers;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Checkpoints;

/// <summary>A tensor to be written: its header entry, and where its bytes come from when their turn comes.</summary>
/// <param name="Name">Name in the new file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes of its dimensions; empty for a scalar.</param>
/// <param name="CopyTo">Writes exactly <see cref="Bytes"/> bytes, little-endian and row-major, to the stream.</param>
public sealed record TensorSource(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream, CancellationToken> CopyTo)
{
    private const int ChunkBytes = 1 << 20, RangeBytes = 64 << 20;
    private const int DownloadBytes = 32 << 20;   // from another device: each piece waits for what the device is at

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

    /// <summary>
    /// A tensor of the engine, in its own type or another; it is converted and fetched when its turn comes, and must live until then.
    /// </summary>
    public static TensorSource FromTensor(string name, Tensor value, ElementType? type = null)
    {
        ElementType element = type ?? value.dtype.ToElementType();
        return new(name, element, value.shape, (target, cancel) => CopyTensor(value, element, target, cancel));
    }

    /// <summary>
    /// A tensor of the engine that is made when its turn comes, and freed with everything that making it took; converted like others.
    /// </summary>
    public static TensorSource FromMade(string name, ElementType type, IReadOnlyList<long> shape, Func<Tensor> make) =>
        new(name, type, shape, (target, cancel) =>
        {
            using var scope = NewDisposeScope();
            CopyTensor(make(), type, target, cancel);
        });

    private static void CopyTensor(Tensor value, ElementType type, Stream target, CancellationToken cancel)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor flat = value.detach().reshape(-1);
        int bytes = value.device_type == DeviceType.CPU ? ChunkBytes : DownloadBytes;
        long step = bytes / type.Size();   // pieces: a span cannot hold more than 2 GiB
        for (long at = 0; at < flat.shape[0]; at += step)
        {
            cancel.ThrowIfCancellationRequested();
            using Tensor piece = flat.narrow(0, at, Math.Min(step, flat.shape[0] - at)).to(type.ToScalarType()).cpu().contiguous();
            target.Write(piece.bytes);
        }
    }

    private static void CopyRange(string path, TensorEntry entry, Stream target, CancellationToken cancel)
    {
        using var file = File.OpenHandle(path);
        long done = 0;
        while (target is BlockStream blocks && entry.Bytes - done >= ChunkBytes)
        {
            cancel.ThrowIfCancellationRequested();
            long copied = blocks.CopyFrom(file, entry.Offset + done, Math.Min(RangeBytes, entry.Bytes - done));
            if (copied == 0) break;
            done += copied;
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (done < entry.Bytes)
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
