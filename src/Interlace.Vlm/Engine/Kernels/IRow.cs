using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Rows of numbers of one type, <see cref="Lanes.Count"/> at a time and computed with in fp32: a kernel is written once and compiled for
/// each of the types.
/// </summary>
internal unsafe interface IRow
{
    /// <summary>Bytes of a number.</summary>
    static abstract int Size { get; }

    /// <summary>The numbers from <paramref name="at"/> on.</summary>
    static abstract Vector512<float> Load(void* row, long at);

    /// <summary>Writes numbers of the type: what <see cref="Round"/> has given.</summary>
    static abstract void Store(Vector512<float> x, void* row, long at);

    /// <summary>The nearest numbers of the type, ties to even.</summary>
    static abstract Vector512<float> Round(Vector512<float> x);
}

/// <summary>fp32.</summary>
internal readonly unsafe struct WideRow : IRow
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(void* row, long at) => Vector512.Load((float*)row + at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> x, void* row, long at) => x.Store((float*)row + at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> x) => x;
}

/// <summary>bf16.</summary>
internal readonly unsafe struct BFloat16Row : IRow
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(void* row, long at)
    {
        var numbers = Vector256.Load((ushort*)row + at);
        var wide = Avx512F.IsSupported ? Avx512F.ConvertToVector512UInt32(numbers)
            : Vector512.Create(Vector256.WidenLower(numbers), Vector256.WidenUpper(numbers));
        return (wide << 16).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> x, void* row, long at)
    {
        var numbers = x.AsUInt32() >> 16;
        if (Avx512F.IsSupported) Avx512F.ConvertToVector256UInt16(numbers).Store((ushort*)row + at);
        else Vector256.Narrow(numbers.GetLower(), numbers.GetUpper()).Store((ushort*)row + at);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512.Create(1u))) & Vector512.Create(0xFFFF0000u);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), rounded.AsSingle(), Vector512.Create(float.NaN));
    }
}
