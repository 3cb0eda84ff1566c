using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>Tensors of the engine on their way into a file.</summary>
internal static class TensorBytes
{
    private const int ChunkBytes = 1 << 24;

    /// <summary>A tensor to be written, in its own type or another; its bytes are fetched when their turn comes.</summary>
    public static TensorSource Source(string name, Tensor value, ElementType? type = null)
    {
        ElementType element = type ?? value.dtype.ToElementType();
        return new TensorSource(name, element, value.shape, (target, cancel) => Write(value, element.ToScalarType(), target, cancel));
    }

    private static void Write(Tensor value, ScalarType type, Stream target, CancellationToken cancel)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        ReadOnlySpan<byte> bytes = value.detach().to(type).cpu().contiguous().bytes;
        for (int at = 0; at < bytes.Length; at += ChunkBytes)
        {
            cancel.ThrowIfCancellationRequested();
            target.Write(bytes[at..Math.Min(bytes.Length, at + ChunkBytes)]);
        }
    }
}
