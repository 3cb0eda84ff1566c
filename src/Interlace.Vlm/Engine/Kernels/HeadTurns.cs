using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Heads of queries or keys, normed where a family norms them, and turned by their positions: one walk over memory, where the engine's
/// operators make a dozen. Rounded wherever these round, so results are the same to the last bit.
/// </summary>
internal static unsafe class HeadTurns
{
    private const int LargestHead = 1024;   // a head lies on the stack

    /// <summary>A norm of heads.</summary>
    /// <param name="Weight">[d], of the type of the heads or fp32.</param>
    /// <param name="Epsilon">Is added to the mean square.</param>
    /// <param name="Shift">What the factors have above the weight: 0 or 1.</param>
    public readonly record struct Norm(Tensor Weight, double Epsilon, float Shift);

    /// <summary>It is computed here: heads whose numbers lie end to end, of at most 1,024 of them, and turns of the same type.</summary>
    public static bool Serves(Tensor x, Tensor cos, Tensor sin, Norm? norm) =>
        Rows.Serves(x) && x.dim() == 3 && x.size(2) is >= 2 * Lanes.Count and <= LargestHead and var size && size % 2 == 0
        && AreTurns(cos, x) && AreTurns(sin, x) && !Rows.IsSmallGradient(x, norm?.Weight)
        && (norm is not { } own || NormRows.IsWeight(own.Weight, x));

    /// <summary>
    /// Element i of the first half of a head turns with element i of the second: a cos - b sin and b cos + a sin. No gradient flows to
    /// the turns.
    /// </summary>
    /// <param name="x">[N, H, d] heads.</param>
    /// <param name="cos">[N, 1, d / 2] cosines.</param>
    /// <param name="sin">[N, 1, d / 2] sines.</param>
    /// <param name="norm">The norm before, or null.</param>
    /// <returns>[N, H, d].</returns>
    public static Tensor Apply(Tensor x, Tensor cos, Tensor sin, Norm? norm)
    {
        if (!Rows.HasGradient(x, norm?.Weight)) return Forward(x, cos, sin, norm);
        bool ofWeight = norm?.Weight.requires_grad == true;
        return Function.apply(x, norm?.Weight!, new Settings(cos, sin, norm?.Epsilon ?? 0, norm?.Shift ?? 0, x.requires_grad, ofWeight));
    }

    private static bool AreTurns(Tensor turns, Tensor x) =>
        Rows.Serves(turns) && turns.is_contiguous() && turns.dtype == x.dtype && !turns.requires_grad
        && turns.dim() == 3 && turns.size(0) == x.size(0) && turns.size(1) == 1 && turns.size(2) == x.size(2) / 2;

    private static Tensor Forward(Tensor x, Tensor cos, Tensor sin, Norm? norm)
    {
        Tensor y = x.is_contiguous() ? empty_like(x) : empty(x.shape, x.dtype);
        Heads from = Heads.Of(x), to = Heads.Of(y);
        (nint c, nint s) = ((nint)Aten.Data(cos), (nint)Aten.Data(sin));
        nint weight = norm is { } own ? (nint)Aten.Data(own.Weight) : 0;
        bool isWide = x.dtype == ScalarType.Float32, isWideWeight = norm?.Weight.dtype == ScalarType.Float32;
        (float epsilon, float shift) = ((float)(norm?.Epsilon ?? 0), norm?.Shift ?? 0);
        Rows.Run(from.Count, from.Size, (_, first, end) =>
        {
            if (isWide) Each<WideRow, WideRow>(from, to, c, s, weight, epsilon, shift, first, end);
            else if (isWideWeight) Each<BFloat16Row, WideRow>(from, to, c, s, weight, epsilon, shift, first, end);
            else Each<BFloat16Row, BFloat16Row>(from, to, c, s, weight, epsilon, shift, first, end);
        });
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Each<T, TWeight>(Heads from, Heads to, nint cos, nint sin, nint weight, float epsilon, float shift,
        long first, long end) where T : struct, IRow where TWeight : struct, IRow
    {
        int size = from.Size;
        float* wide = stackalloc float[LargestHead];
        for (long head = first; head < end; head++)
        {
            void* x = from.At<T>(head);
            if (weight == 0) Widen<T>(x, wide, size);
            else
            {
                var (scale, above) = (Vector512.Create(NormRows.Factor<T>(x, size, epsilon)), Vector512.Create(shift));
                for (int i = 0; i < size; i += Lanes.Count)
                    WideRow.Store(T.Round(T.Load(x, i) * scale * (TWeight.Load((void*)weight, i) + above)), wide, i);
            }
            long turn = head / from.InToken * (size / 2) * T.Size;
            Turn<T>(wide, (byte*)cos + turn, (byte*)sin + turn, to.At<T>(head), size / 2, 1);
        }
    }

    /// <summary>Turns a head in fp32 by the angles, or back (<paramref name="way"/> -1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn<T>(float* wide, void* cos, void* sin, void* to, int half, float way) where T : struct, IRow
    {
        var direction = Vector512.Create(way);
        void* second = (byte*)to + half * T.Size;
        for (int i = 0; i < half; i += Lanes.Count)
        {
            int at = Math.Min(i, half - Lanes.Count);   // the last step may do some numbers again
            Vector512<float> a = WideRow.Load(wide, at), b = WideRow.Load(wide + half, at);
            Vector512<float> c = T.Load(cos, at), s = T.Load(sin, at) * direction;
            T.Store(T.Round(T.Round(a * c) - T.Round(b * s)), to, at);
            T.Store(T.Round(T.Round(b * c) + T.Round(a * s)), second, at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Widen<T>(void* row, float* wide, int length) where T : struct, IRow
    {
        for (int i = 0; i < length; i += Lanes.Count)
        {
            int at = Math.Min(i, length - Lanes.Count);
            WideRow.Store(T.Load(row, at), wide, at);
        }
    }

    /// <summary>Where the heads of a tensor [N, H, d] lie; heads are counted token by token.</summary>
    private readonly record struct Heads(nint Start, long Token, long Head, int InToken, int Size, long Count)
    {
        public static Heads Of(Tensor x) =>
            new((nint)Aten.Data(x), x.stride(0), x.stride(1), (int)x.size(1), (int)x.size(2), x.size(0) * x.size(1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void* At<T>(long head) where T : struct, IRow => (byte*)Start + (head / InToken * Token + head % InToken * Head) * T.Size;
    }

    private sealed record Settings(Tensor Cos, Tensor Sin, double Epsilon, float Shift, bool OfHeads, bool OfWeight);

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(HeadTurns);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, weight, settings) = ((Tensor)vars[0], (Tensor?)vars[1], (Settings)vars[2]);
            ctx.save_data("settings", settings with { Cos = null!, Sin = null! });
            ctx.save_for_backward([settings.Cos, settings.Sin, .. weight is null ? Array.Empty<Tensor>() : [x, weight]]);
            return Forward(x, settings.Cos, settings.Sin, weight is null ? null : new Norm(weight, settings.Epsilon, settings.Shift));
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("rotary");
            var settings = (Settings)ctx.get_data("settings");
            List<Tensor> saved = ctx.get_saved_variables();
            using Tensor g = grad_output.contiguous();
            var (ofHeads, ofWeight) = Gradients(saved[0], saved[1], saved.Count > 2 ? (saved[2], saved[3]) : null, g, settings);
            return [ofHeads!, ofWeight!, null!];
        }

        private static (Tensor? OfHeads, Tensor? OfWeight) Gradients(Tensor cos, Tensor sin, (Tensor X, Tensor Weight)? normed, Tensor g,
            Settings settings)
        {
            Tensor? given = settings.OfHeads ? empty_like(g) : null;
            Heads gradients = Heads.Of(g), to = given is null ? default : Heads.Of(given);
            var (from, weight) = normed is { } own ? (Heads.Of(own.X), (nint)Aten.Data(own.Weight)) : default;
            (nint c, nint s) = ((nint)Aten.Data(cos), (nint)Aten.Data(sin));
            bool isWide = g.dtype == ScalarType.Float32, isWideWeight = normed?.Weight.dtype == ScalarType.Float32;
            int size = gradients.Size, each = Rows.InPart(size);
            float[][] sums = settings.OfWeight ? new float[(gradients.Count + each - 1) / each][] : [];
            Rows.Run(gradients.Count, size, (part, first, end) =>
            {
                fixed (float* sum = settings.OfWeight ? sums[part] = new float[size] : null)
                {
                    if (isWide) Each<WideRow, WideRow>(sum, first, end);
                    else if (isWideWeight) Each<BFloat16Row, WideRow>(sum, first, end);
                    else Each<BFloat16Row, BFloat16Row>(sum, first, end);
                }
            });
            return (given, settings.OfWeight ? NormRows.Total(sums, size, normed!.Value.Weight.dtype) : null);

            void Each<T, TWeight>(float* sum, long first, long end) where T : struct, IRow where TWeight : struct, IRow
            {
                float* wide = stackalloc float[LargestHead];
                byte* turned = stackalloc byte[LargestHead * sizeof(float)];
                for (long head = first; head < end; head++)
                {
                    Widen<T>(gradients.At<T>(head), wide, size);
                    long turn = head / gradients.InToken * (size / 2) * T.Size;
                    void* back = weight == 0 ? to.At<T>(head) : turned;
                    Turn<T>(wide, (byte*)c + turn, (byte*)s + turn, back, size / 2, -1);
                    if (weight == 0) continue;
                    Widen<T>(turned, wide, size);
                    NormRows.Backward<T, TWeight>(from.At<T>(head), wide, (void*)weight, to.Start == 0 ? null : to.At<T>(head), sum, size,
                        (float)settings.Epsilon, settings.Shift);
                }
            }
        }
    }
}
