using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// The root-mean-square norm of rows, in fp32 and rounded to the type once. The engine has it as eight operators that each walk over memory
/// again. Its sums are taken in the order in which the engine takes them on processors with AVX2, so results are the same to the last bit.
/// </summary>
internal static unsafe class NormRows
{
    /// <summary>Longer rows would be summed in another order than the engine's.</summary>
    public const int LongestRow = 8192;

    /// <summary>It is computed here: the rows of x by a weight of the same type, or of fp32.</summary>
    public static bool Serves(Tensor x, Tensor weight) =>
        Rows.Serves(x) && x.is_contiguous() && IsWeight(weight, x) && !Rows.IsSmallGradient(x, weight);

    /// <summary>A weight [D] for rows of x [.., D]: whole steps of the type of x, or of fp32.</summary>
    public static bool IsWeight(Tensor weight, Tensor x) =>
        Rows.Serves(weight) && weight.dim() == 1 && weight.size(0) is > 0 and <= LongestRow and var size && size == x.size(-1)
        && size % Lanes.Count == 0 && (weight.dtype == x.dtype || weight.dtype == ScalarType.Float32);

    /// <summary>x / sqrt(mean(x^2) + epsilon) * (weight + shift). x [.., D], weight [D] -> [.., D].</summary>
    /// <param name="x">The rows.</param>
    /// <param name="weight">Of the type of x, or fp32.</param>
    /// <param name="epsilon">Is added to the mean square.</param>
    /// <param name="shift">What the factors have above the weight: 0 or 1.</param>
    public static Tensor Apply(Tensor x, Tensor weight, double epsilon, float shift = 0) =>
        Rows.HasGradient(x, weight)
            ? Function.apply(x, weight, new Settings((float)epsilon, shift, x.requires_grad, weight.requires_grad))
            : Forward(x, weight, (float)epsilon, shift);

    /// <summary>1 / sqrt(mean(x^2) + epsilon) of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Factor<T>(void* row, int length, float epsilon) where T : struct, IRow =>
        1 / MathF.Sqrt(SumOfSquares<T>(row, length) / length + epsilon);

    /// <summary>Writes a row of gradients, and adds to those of the weight.</summary>
    /// <typeparam name="T">Type of the row.</typeparam>
    /// <typeparam name="TWeight">Type of the weight.</typeparam>
    /// <param name="x">The row.</param>
    /// <param name="g">[D] gradients of the normed row, fp32.</param>
    /// <param name="weight">[D].</param>
    /// <param name="given">Takes the gradients of the row; null where nobody wants them.</param>
    /// <param name="sums">[D] fp32: those of the weight are added to it; null where nobody wants them.</param>
    /// <param name="length">D.</param>
    /// <param name="epsilon">Of the norm.</param>
    /// <param name="shift">Of the norm.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward<T, TWeight>(void* x, float* g, void* weight, void* given, float* sums, int length,
        float epsilon, float shift) where T : struct, IRow where TWeight : struct, IRow
    {
        float factor = Factor<T>(x, length, epsilon);
        var (scale, above, total) = (Vector512.Create(factor), Vector512.Create(shift), Vector512<float>.Zero);
        for (int i = 0; i < length; i += Lanes.Count)
        {
            Vector512<float> value = T.Load(x, i), gradient = WideRow.Load(g, i);
            if (sums is not null) WideRow.Store(WideRow.Load(sums, i) + gradient * (value * scale), sums, i);
            total += gradient * (TWeight.Load(weight, i) + above) * value;
        }
        if (given is null) return;
        // of x / r: g w / r - x sum(g w x) / (D r^3)
        var back = Vector512.Create(Vector512.Sum(total) * factor * factor * factor / length);
        for (int i = 0; i < length; i += Lanes.Count)
        {
            var own = WideRow.Load(g, i) * (TWeight.Load(weight, i) + above) * scale;
            T.Store(T.Round(own - T.Load(x, i) * back), given, i);
        }
    }

    /// <summary>The sums [D] of the parts' gradients of a weight, in the order of the parts.</summary>
    public static Tensor Total(float[][] parts, int length, ScalarType type)
    {
        double[] total = new double[length];
        foreach (float[] part in parts)
            for (int i = 0; i < length; i++) total[i] += part[i];
        return tensor(Array.ConvertAll(total, sum => (float)sum)).to(type);
    }

    private static Tensor Forward(Tensor x, Tensor weight, float epsilon, float shift)
    {
        int length = (int)x.size(-1);
        long count = x.numel() / length;
        Tensor y = empty_like(x);
        (nint from, nint by, nint to) = ((nint)Aten.Data(x), (nint)Aten.Data(weight), (nint)Aten.Data(y));
        bool isWide = x.dtype == ScalarType.Float32, isWideWeight = weight.dtype == ScalarType.Float32;
        Rows.Run(count, length, (_, first, end) =>
        {
            if (isWide) Each<WideRow, WideRow>(from, by, to, first, end, length, epsilon, shift);
            else if (isWideWeight) Each<BFloat16Row, WideRow>(from, by, to, first, end, length, epsilon, shift);
            else Each<BFloat16Row, BFloat16Row>(from, by, to, first, end, length, epsilon, shift);
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Each<T, TWeight>(nint from, nint by, nint to, long first, long end, int length, float epsilon, float shift)
        where T : struct, IRow where TWeight : struct, IRow
    {
        var above = Vector512.Create(shift);
        for (long row = first; row < end; row++)
        {
            byte* x = (byte*)from + row * length * T.Size, y = (byte*)to + row * length * T.Size;
            var scale = Vector512.Create(Factor<T>(x, length, epsilon));
            for (int i = 0; i < length; i += Lanes.Count)
                T.Store(T.Round(T.Load(x, i) * scale * (TWeight.Load((void*)by, i) + above)), y, i);
        }
    }

    /// <summary>
    /// In four sums of eight lanes, which are put aside every sixteen steps; then those of the end, and the lanes one after another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares<T>(void* row, int length) where T : struct, IRow
    {
        const int often = 16, block = 2 * Lanes.Count;
        Vector512<float> low = default, high = default, lowAside = default, highAside = default;
        int at = 0;
        for (int step = 1; at + block <= length; at += block, step++)
        {
            low += Square<T>(row, at);
            high += Square<T>(row, at + Lanes.Count);
            if (step % often != 0) continue;
            (lowAside, highAside) = (lowAside + low, highAside + high);
            low = high = default;
        }
        (low, high) = (low + lowAside, high + highAside);
        var sum = low.GetLower();
        if (at < length) sum = sum + Square<T>(row, at).GetLower() + Square<T>(row, at).GetUpper();
        sum = sum + low.GetUpper() + high.GetLower() + high.GetUpper();
        float total = 0;
        for (int lane = 0; lane < Vector256<float>.Count; lane++) total += sum[lane];
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Square<T>(void* row, int at) where T : struct, IRow
    {
        var x = T.Load(row, at);
        return x * x;
    }

    private sealed record Settings(float Epsilon, float Shift, bool OfRows, bool OfWeight);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(NormRows);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, weight, settings) = ((Tensor)vars[0], (Tensor)vars[1], (Settings)vars[2]);
            ctx.save_data("settings", settings);
            ctx.save_for_backward([x, weight]);
            return Forward(x, weight, settings.Epsilon, settings.Shift);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("rms norm");
            var settings = (Settings)ctx.get_data("settings");
            List<Tensor> saved = ctx.get_saved_variables();
            var (ofRows, ofWeight) = Gradients(saved[0], saved[1], grad_output.contiguous(), settings);
            return [ofRows!, ofWeight!, null!];
        }

        private static (Tensor? OfRows, Tensor? OfWeight) Gradients(Tensor x, Tensor weight, Tensor g, Settings settings)
        {
            int length = (int)x.size(-1);
            long count = x.numel() / length;
            Tensor? given = settings.OfRows ? empty_like(x) : null;
            (nint from, nint by, nint gradients) = ((nint)Aten.Data(x), (nint)Aten.Data(weight), (nint)Aten.Data(g));
            nint to = given is null ? 0 : (nint)Aten.Data(given);
            bool isWide = x.dtype == ScalarType.Float32, isWideWeight = weight.dtype == ScalarType.Float32;
            int each = Rows.InPart(length);
            float[][] sums = settings.OfWeight ? new float[(count + each - 1) / each][] : [];
            Rows.Run(count, length, (part, first, end) =>
            {
                float[]? own = settings.OfWeight ? sums[part] = new float[length] : null;
                float[] wide = new float[length];
                fixed (float* row = wide, sum = own)
                {
                    if (isWide) Each<WideRow, WideRow>(row, sum, first, end);
                    else if (isWideWeight) Each<BFloat16Row, WideRow>(row, sum, first, end);
                    else Each<BFloat16Row, BFloat16Row>(row, sum, first, end);
                }
            });
            return (given, settings.OfWeight ? Total(sums, length, weight.dtype) : null);

            void Each<T, TWeight>(float* row, float* sum, long first, long end) where T : struct, IRow where TWeight : struct, IRow
            {
                for (long at = first; at < end; at++)
                {
                    long place = at * length * T.Size;
                    for (int i = 0; i < length; i += Lanes.Count)
                        WideRow.Store(T.Load((byte*)gradients + place, i), row, i);
                    Backward<T, TWeight>((byte*)from + place, row, (void*)by, to == 0 ? null : (byte*)to + place, sum, length,
                        settings.Epsilon, settings.Shift);
                }
            }
        }
    }
}
