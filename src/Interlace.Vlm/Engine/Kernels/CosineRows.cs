using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Sums of products of two matrices' rows: products of fp32, summed in fp64, without a copy of a row in either type. Sums are taken in
/// the order in which the engine takes them on processors with AVX2.
/// </summary>
public static unsafe class CosineRows
{
    private const int LongestRow = 65_536;   // longer ones would be summed in another order than the engine's

    /// <summary>For each row the sum of a * b. [N, D] each, fp32 or bf16 -> [N] fp64.</summary>
    public static Tensor Products(Tensor a, Tensor b)
    {
        if (!Serves(a, b)) return a.to(ScalarType.Float32).mul(b.to(ScalarType.Float32)).sum(-1, false, ScalarType.Float64);
        int length = (int)a.size(1);
        Tensor sums = empty([a.size(0)], ScalarType.Float64);
        (nint first, nint second, nint to) = ((nint)Aten.Data(a), (nint)Aten.Data(b), (nint)Aten.Data(sums));
        bool isWide = a.dtype == ScalarType.Float32;
        Rows.Run(a.size(0), length, (_, from, end) =>
        {
            if (isWide) Each<WideRow>(first, second, (double*)to, from, end, length);
            else Each<BFloat16Row>(first, second, (double*)to, from, end, length);
        });
        return sums;
    }

    private static bool Serves(Tensor a, Tensor b) =>
        Rows.Serves(a) && Rows.Serves(b) && a.dim() == 2 && a.dtype == b.dtype && a.is_contiguous() && b.is_contiguous()
        && Rows.AreAlike(a, b) && a.size(1) is > 0 and <= LongestRow and var length && length % Lanes.Count == 0
        && !Rows.HasGradient(a, b);

    private static void Each<T>(nint a, nint b, double* to, long first, long end, int length) where T : struct, IRow
    {
        for (long row = first; row < end; row++)
            to[row] = Sum<T>((byte*)a + row * length * T.Size, (byte*)b + row * length * T.Size, length);
    }

    /// <summary>
    /// In four sums of four lanes; every sixteen steps they are put aside, and what was put aside sixteen times is put aside again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum<T>(void* a, void* b, int length) where T : struct, IRow
    {
        const int often = 16;
        Vector512<double> low = default, high = default, lowAside = default, highAside = default, lowFar = default, highFar = default;
        for (int at = 0, step = 1; at < length; at += Lanes.Count, step++)
        {
            var product = T.Load(a, at) * T.Load(b, at);
            (low, high) = (low + Vector512.WidenLower(product), high + Vector512.WidenUpper(product));
            if (step % often != 0) continue;
            (lowAside, highAside) = (lowAside + low, highAside + high);
            low = high = default;
            if (step % (often * often) != 0) continue;
            (lowFar, highFar) = (lowFar + lowAside, highFar + highAside);
            lowAside = highAside = default;
        }
        (low, high) = (low + lowAside + lowFar, high + highAside + highFar);
        var sum = low.GetLower() + low.GetUpper() + high.GetLower() + high.GetUpper();
        return sum[0] + sum[1] + sum[2] + sum[3];
    }
}
