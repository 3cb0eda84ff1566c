using static TorchSharp.torch;

namespace Interlace.Vlm.Checkpoints;

/// <summary>Element types of a safetensors file, named as in its header.</summary>
public enum ElementType { BOOL, U8, I8, F8_E4M3, F8_E5M2, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64 }

/// <summary>Sizes of element types and their counterparts in the engine.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        <= ElementType.F8_E5M2 => 1,
        <= ElementType.BF16 => 2,
        <= ElementType.F32 => 4,
        _ => 8,
    };

    /// <summary>The engine's type.</summary>
    /// <exception cref="InputException">The engine has no such type.</exception>
    public static ScalarType ToScalarType(this ElementType type) => type switch
    {
        ElementType.BOOL => ScalarType.Bool,
        ElementType.U8 => ScalarType.Byte,
        ElementType.I8 => ScalarType.Int8,
        ElementType.I16 => ScalarType.Int16,
        ElementType.F16 => ScalarType.Float16,
        ElementType.BF16 => ScalarType.BFloat16,
        ElementType.I32 => ScalarType.Int32,
        ElementType.F32 => ScalarType.Float32,
        ElementType.I64 => ScalarType.Int64,
        ElementType.F64 => ScalarType.Float64,
        _ => throw new InputException($"Tensors of type {type} cannot be computed with; convert the checkpoint to bfloat16 first."),
    };

    /// <summary>The type of a file for one of the engine's.</summary>
    public static ElementType ToElementType(this ScalarType type) => type switch
    {
        ScalarType.Bool => ElementType.BOOL,
        ScalarType.Byte => ElementType.U8,
        ScalarType.Int8 => ElementType.I8,
        ScalarType.Int16 => ElementType.I16,
        ScalarType.Float16 => ElementType.F16,
        ScalarType.BFloat16 => ElementType.BF16,
        ScalarType.Int32 => ElementType.I32,
        ScalarType.Float32 => ElementType.F32,
        ScalarType.Int64 => ElementType.I64,
        ScalarType.Float64 => ElementType.F64,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such element type in safetensors files"),
    };
}
