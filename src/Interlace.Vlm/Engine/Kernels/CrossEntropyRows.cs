using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// The cross-entropy of rows of logits and its gradient, in fp32 without a copy of the logits in it: the engine's operators make four
/// matrices [rows x vocabulary] on the way.
/// </summary>
internal static unsafe class CrossEntropyRows
{
    private const int Often = 64;   // steps whose sum is taken in fp32; theirs are added in fp64

    /// <summary>It is computed here: a matrix whose rows lie one behind the other.</summary>
    public static bool Serves(Tensor logits) =>
        Rows.Serves(logits) && logits.dim() == 2 && logits.is_contiguous() && logits.size(1) is >= Lanes.Count and <= int.MaxValue;

    /// <summary>-log softmax(x)[id] of each row. logits [n, vocabulary], ids [n] -> [n] fp64.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="ids">0-based.</param>
    /// <param name="gradient">Takes scale times the gradient of their sum, [n, vocabulary] in the type of the logits; or null.</param>
    /// <param name="scale">Of the gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public static Tensor Losses(Tensor logits, Tensor ids, Tensor? gradient = null, double scale = 1)
    {
        (long count, int length) = (logits.size(0), (int)logits.size(1));
        long[] right = [.. ids.data<long>()];
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, count, nameof(ids));
        foreach (long id in right)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, length, nameof(ids));
        }
        Tensor losses = empty([count], ScalarType.Float64);
        (nint from, nint to) = ((nint)Aten.Data(logits), gradient is null ? 0 : (nint)Aten.Data(gradient));
        double* sums = (double*)Aten.Data(losses);
        bool isWide = logits.dtype == ScalarType.Float32;
        Rows.Run(count, length, (_, first, end) =>
        {
            for (long row = first; row < end; row++)
                sums[row] = isWide ? Row<WideRow>(row) : Row<BFloat16Row>(row);
        });
        return losses;

        double Row<T>(long row) where T : struct, IRow
        {
            long place = row * length * T.Size;
            return Loss<T>((byte*)from + place, to == 0 ? null : (byte*)to + place, (int)right[row], length, scale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Loss<T>(void* logits, void* gradient, int id, int length, double scale) where T : struct, IRow
    {
        // The last step of a row may do some numbers again; in the sum they count once.
        int last = length - Lanes.Count, whole = length / Lanes.Count * Lanes.Count;
        var most = T.Load(logits, last);
        for (int i = 0; i < whole; i += Lanes.Count) most = Vector512.MaxNative(T.Load(logits, i), most);
        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes.Count; lane++) largest = MathF.Max(largest, most[lane]);
        var shift = Vector512.Create(largest);
        double sum = 0;
        for (int i = 0; i < whole;)
        {
            var powers = Vector512<float>.Zero;
            for (int end = Math.Min(whole, i + Often * Lanes.Count); i < end; i += Lanes.Count)
                powers += Lanes.Exp(T.Load(logits, i) - shift);
            sum += Vector512.Sum(powers);
        }
        if (whole < length)
        {
            var isNew = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(whole - last)).AsSingle();
            sum += Vector512.Sum(Lanes.Exp(T.Load(logits, last) - shift) & isNew);
        }
        float own = One<T>(logits, id);
        if (gradient != null)
        {
            var factor = Vector512.Create((float)(scale / sum));
            for (int i = 0; i < length; i += Lanes.Count)
            {
                int at = Math.Min(i, last);
                T.Store(T.Round(Lanes.Exp(T.Load(logits, at) - shift) * factor), gradient, at);
            }
            SetOne<T>(gradient, id, (float)((Math.Exp(own - largest) / sum - 1) * scale));
        }
        return Math.Log(sum) + largest - own;
    }

    private static float One<T>(void* row, int at) where T : struct, IRow =>
        T.Size == sizeof(float) ? ((float*)row)[at] : BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[at] << 16);

    private static void SetOne<T>(void* row, int at, float value) where T : struct, IRow
    {
        if (T.Size == sizeof(float)) ((float*)row)[at] = value;
        else Lanes.Narrow(&value, (ushort*)row + at, 1);
    }
}
