using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>Sixteen numbers at a time: what the kernels in C# are made of.</summary>
internal static unsafe class Lanes
{
    /// <summary>Numbers of a step.</summary>
    public const int Count = 16;

    /// <summary>e^x for x up to 0, to about the last bit of fp32; below -87 it stays what it is there, 1e-38.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // e^x = 2^n e^r with r in [-ln 2 / 2, ln 2 / 2]; adding this number leaves n in the lowest bits.
        var round = Vector512.Create(12582912f);
        x = Vector512.MaxNative(Vector512.Create(-87f), x);
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), round);
        var n = shifted - round;
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p * r, r, r) + Vector512<float>.One;
        // The exponent's bits take n; a number that is none stays none.
        return (p.AsInt32() + (shifted.AsInt32() << 23)).AsSingle();
    }

    /// <summary>
    /// e^x for any x within one unit in the last place: SLEEF's expf, which the engine's own operators take. It is written 2^n e^r with r
    /// in [-ln 2 / 2, ln 2 / 2]. Asks for AVX-512.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ExactExp(Vector512<float> x)
    {
        // Beyond these it is 0 and infinite; a number that is none stays none.
        x = Vector512.MinNative(Vector512.Create(101f), Vector512.MaxNative(Vector512.Create(-105f), x));
        var n = Vector512.Round(x * Vector512.Create(1.44269504f));
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693145751953125f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-1.428606765330187e-06f), r);
        var p = Vector512.Create(0.00019852762f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.0013930436f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.008333361f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.041666485f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.16666667f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512<float>.One + Vector512.FusedMultiplyAdd(r * r, p, r);
        return Avx512F.Scale(p, n);
    }

    /// <summary>fp32 to the nearest bf16, ties to even. Writes <paramref name="count"/> numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(float* from, ushort* to, int count)
    {
        int i = 0;
        for (; i + 2 * Count <= count; i += 2 * Count)
            Vector512.Narrow(Rounded(Vector512.Load(from + i)), Rounded(Vector512.Load(from + i + Count))).Store(to + i);
        for (; i < count; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(from[i]);
            to[i] = float.IsNaN(from[i]) ? NotANumber : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }

    private const ushort NotANumber = 0x7FC0;

    /// <summary>The bits of the nearest bf16, in the lower halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rounded(Vector512<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512.Create(1u))) >> 16;
        return Vector512.ConditionalSelect(Vector512.Equals(x, x).AsUInt32(), rounded, Vector512.Create((uint)NotANumber));
    }
}
