using System.Buffers.Binary;

namespace Interlace.Vlm.Checkpoints;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes of its dimensions; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Bytes">Length in bytes.</param>
public sealed record TensorEntry(string Name, ElementType Type, long[] Shape, long Offset, long Bytes);
