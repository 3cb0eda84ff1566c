using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// The softmax of rows of scores, computed in fp32 and rounded to the type once. Of each row the first numbers are seen, the others
/// become 0.
/// </summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>softmax(scale x) over the first numbers of each row.</summary>
    /// <param name="scores">[rows, keys], contiguous, fp32; may be changed.</param>
    /// <param name="weights">[rows, keys], contiguous, fp32 or bf16: takes the result; the scores themselves, or another.</param>
    /// <param name="seen">How many numbers of a row are seen, at least 1.</param>
    /// <param name="scale">Above 0.</param>
    public static void Apply(Tensor scores, Tensor weights, Func<int, int> seen, float scale)
    {
        (int rows, int keys) = ((int)scores.shape[0], (int)scores.shape[1]);
        bool isWide = weights.dtype == ScalarType.Float32;
        float* from = (float*)Aten.Data(scores);
        void* to = Aten.Data(weights);
        float[] wide = new float[keys + Lanes.Count];   // room for a whole last step
        fixed (float* row = wide)
        {
            for (int i = 0; i < rows; i++)
            {
                int count = seen(i);
                long place = (long)i * keys;
                new ReadOnlySpan<float>(from + place, count).CopyTo(wide);
                Forward(row, count, wide.Length, scale);
                if (isWide) wide.AsSpan(0, keys).CopyTo(new Span<float>((float*)to + place, keys));
                else Lanes.Narrow(row, (ushort*)to + place, keys);
            }
        }
    }

    /// <summary>softmax(scale x) over the first numbers of a row; those behind become 0.</summary>
    /// <param name="row">With room for a whole last step, which lies before the end.</param>
    /// <param name="seen">How many numbers are seen, at least 1.</param>
    /// <param name="end">Up to where the row is written.</param>
    /// <param name="scale">Above 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* row, int seen, int end, float scale)
    {
        for (int i = seen; i % Lanes.Count != 0; i++) row[i] = float.NegativeInfinity;
        var most = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < seen; i += Lanes.Count) most = Vector512.MaxNative(most, Vector512.Load(row + i));
        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes.Count; lane++) largest = Math.Max(largest, most[lane]);
        (var shift, var factor, var sums) = (Vector512.Create(largest), Vector512.Create(scale), Vector512<float>.Zero);
        for (int i = 0; i < seen; i += Lanes.Count) Lanes.Exp((Vector512.Load(row + i) - shift) * factor).Store(row + i);
        new Span<float>(row + seen, end - seen).Clear();   // the power of -inf is only nearly 0
        for (int i = 0; i < seen; i += Lanes.Count) sums += Vector512.Load(row + i);
        var inverse = Vector512.Create(1 / Vector512.Sum(sums));
        for (int i = 0; i < seen; i += Lanes.Count) (Vector512.Load(row + i) * inverse).Store(row + i);
    }

    /// <summary>Gradients of scores: scale w (g - sum of w g over the row).</summary>
    /// <param name="weights">[rows, keys], contiguous, fp32: what <see cref="Apply"/> has given.</param>
    /// <param name="gradients">[rows, keys], contiguous, fp32: those of the weights; takes the result.</param>
    /// <param name="scale">Of the scores.</param>
    public static void Backward(Tensor weights, Tensor gradients, float scale)
    {
        (int rows, int keys) = ((int)weights.shape[0], (int)weights.shape[1]);
        float* w = (float*)Aten.Data(weights), g = (float*)Aten.Data(gradients);
        for (int i = 0; i < rows; i++) Backward(w + (long)i * keys, g + (long)i * keys, keys, scale);
    }

    /// <summary>The same for one row of so many keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* weights, float* gradients, int keys, float scale)
    {
        var sums = Vector512<float>.Zero;
        int whole = keys / Lanes.Count * Lanes.Count;
        for (int j = 0; j < whole; j += Lanes.Count)
            sums = Vector512.FusedMultiplyAdd(Vector512.Load(weights + j), Vector512.Load(gradients + j), sums);
        float sum = Vector512.Sum(sums);
        for (int j = whole; j < keys; j++) sum += weights[j] * gradients[j];
        var (mean, factor) = (Vector512.Create(sum), Vector512.Create(scale));
        for (int j = 0; j < whole; j += Lanes.Count)
            (Vector512.Load(weights + j) * factor * (Vector512.Load(gradients + j) - mean)).Store(gradients + j);
        for (int j = whole; j < keys; j++) gradients[j] = weights[j] * scale * (gradients[j] - sum);
    }
}
