using static TorchSharp.torch;

namespace Interlace.Vlm.Checkpoints;

/// <summary>Element types of a safetensors file, named as in its header.</summary>
public enum ElementType
{
    /// <summary>Truth values of one byte.</summary>
    BOOL,

    /// <summary>Unsigned integers of 8 bits.</summary>
    U8,

    /// <summary>Signed integers of 8 bits.</summary>
    I8,

    /// <summary>Floating point of 8 bits, 4 of them the exponent.</summary>
    F8_E4M3,

    /// <summary>Floating point of 8 bits, 5 of them the exponent.</summary>
    F8_E5M2,

    /// <summary>Signed integers of 16 bits.</summary>
    I16,

    /// <summary>Unsigned integers of 16 bits.</summary>
    U16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>bfloat16: the upper half of single precision.</summary>
    BF16,

    /// <summary>Signed integers of 32 bits.</summary>
    I32,

    /// <summary>Unsigned integers of 32 bits.</summary>
    U32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>Signed integers of 64 bits.</summary>
    I64,

    /// <summary>Unsigned integers of 64 bits.</summary>
    U64,

    /// <summary>IEEE double precision.</summary>
    F64,
}

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
