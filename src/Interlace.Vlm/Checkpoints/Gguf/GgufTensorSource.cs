namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A tensor that is to be written into a GGUF file, and where its bytes come from when their turn comes.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Sizes of its dimensions, the innermost last; the file has them the other way round.</param>
/// <param name="CopyTo">Writes exactly <see cref="Bytes"/> bytes, row-major, to the stream.</param>
public sealed record GgufTensorSource(string Name, GgufType Type, long[] Shape, Action<Stream, CancellationToken> CopyTo)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Length in bytes.</summary>
    public long Bytes => Elements / Type.BlockValues * Type.BlockBytes;
}
