namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Element type; blocks run along the last dimension.</param>
/// <param name="Shape">Sizes of its dimensions as in a safetensors file, the last one innermost; the file has them the other way round.
/// </param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Bytes">Length in bytes.</param>
public sealed record GgufTensor(string Name, GgufType Type, long[] Shape, long Offset, long Bytes)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Bytes / Type.BlockBytes * Type.BlockValues;
}
