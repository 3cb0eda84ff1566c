namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>Turns whole blocks of a type into numbers.</summary>
/// <param name="blocks">Bytes of one or more blocks.</param>
/// <param name="values">Receives as many numbers as the blocks hold.</param>
public delegate void Dequantise(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>Turns numbers into whole blocks of a type.</summary>
/// <param name="values">As many numbers as the blocks hold, none larger than the type can hold.</param>
/// <param name="blocks">Receives the bytes of one or more blocks.</param>
public delegate void Quantise(ReadOnlySpan<float> values, Span<byte> blocks);

/// <summary>An element type of GGUF files: numbers lie in blocks of a fixed count and a fixed number of bytes.</summary>
/// <param name="Id">Its number in the file.</param>
/// <param name="Name">Its name in ggml.</param>
/// <param name="Bits">Bits of the quantised number itself; those of the float where nothing is quantised.</param>
/// <param name="BlockValues">Numbers in a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Read">Gives the numbers of blocks, rounded to float32 as the format's own library does.</param>
/// <param name="Write">Makes blocks of numbers, the same bytes as the format's own library; null for a type that is only read.</param>
/// <param name="Largest">The largest magnitude that can be written.</param>
public sealed record GgufType(uint Id, string Name, int Bits, int BlockValues, int BlockBytes, Dequantise Read, Quantise? Write = null,
    float Largest = 0)
{
    /// <summary>A block holds integers and their scale, not the numbers themselves.</summary>
    public bool IsQuantised => BlockValues > 1;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
