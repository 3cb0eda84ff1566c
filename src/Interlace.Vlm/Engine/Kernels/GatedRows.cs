using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// silu(gate) * up in one walk over memory. Rounded where the engine's two operators round, and with their exponential: results are the
/// same to the last bit, up to a few numbers at the ends of the engine's shares, which it computes one by one.
/// </summary>
internal static unsafe class GatedRows
{
    /// <summary>It is computed here on this machine: without AVX-512 it would be slower than the engine.</summary>
    public static bool IsPreferred { get; } = Avx512F.IsSupported;

    /// <summary>It is computed here: matrices of one shape and type whose rows lie end to end.</summary>
    public static bool Serves(Tensor gate, Tensor up) =>
        IsPreferred && Rows.Serves(gate) && Rows.Serves(up) && gate.dtype == up.dtype && gate.dim() == 2 && Rows.AreAlike(gate, up)
        && !Rows.IsSmallGradient(gate, up);

    /// <summary>
    /// [N, S] each -> [N, S]. Where nobody wants a gradient the result takes the place of a gate that lies end to end.
    /// </summary>
    public static Tensor Silu(Tensor gate, Tensor up) =>
        Rows.HasGradient(gate, up) ? Function.apply(gate, up, (gate.requires_grad, up.requires_grad)) : Forward(gate, up, inPlace: true);

    private static Tensor Forward(Tensor gate, Tensor up, bool inPlace)
    {
        Tensor y = inPlace && gate.is_contiguous() ? gate.alias() : empty(gate.shape, gate.dtype);
        bool isOneRow = gate.is_contiguous() && up.is_contiguous();
        Matrix first = Matrix.Of(gate, isOneRow), second = Matrix.Of(up, isOneRow), to = Matrix.Of(y, isOneRow);
        bool isWide = gate.dtype == ScalarType.Float32;
        Rows.Run(first.Count, first.Length, (_, from, end) =>
        {
            for (long row = from; row < end; row++)
            {
                if (isWide) Forward<WideRow>(row);
                else Forward<BFloat16Row>(row);
            }
        });
        return y;

        void Forward<T>(long row) where T : struct, IRow =>
            Row<T>(first.Row<T>(row), second.Row<T>(row), to.Row<T>(row), first.LengthOf(row));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<T>(void* gate, void* up, void* to, int length) where T : struct, IRow
    {
        int i = 0;
        for (; i + Lanes.Count <= length; i += Lanes.Count) Step<T>(gate, up, to, i);
        if (i == length) return;
        End ends = default;
        ends.Read<T>(0, gate, i, length);
        ends.Read<T>(1, up, i, length);
        Step<T>(ends.At(0), ends.At(1), ends.At(2), 0);
        ends.Write<T>(2, to, i, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<T>(void* gate, void* up, void* to, int at) where T : struct, IRow
    {
        var x = T.Load(gate, at);
        T.Store(T.Round(T.Round(x / (Vector512<float>.One + Lanes.ExactExp(-x))) * T.Load(up, at)), to, at);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowBackward<T>(void* gate, void* up, void* gradient, void* ofGate, void* ofUp, int length) where T : struct, IRow
    {
        int i = 0;
        for (; i + Lanes.Count <= length; i += Lanes.Count) StepBackward<T>(gate, up, gradient, ofGate, ofUp, i);
        if (i == length) return;
        End ends = default;
        ends.Read<T>(0, gate, i, length);
        ends.Read<T>(1, up, i, length);
        ends.Read<T>(2, gradient, i, length);
        StepBackward<T>(ends.At(0), ends.At(1), ends.At(2), ends.At(3), ends.At(4), 0);
        ends.Write<T>(3, ofGate, i, length);
        ends.Write<T>(4, ofUp, i, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StepBackward<T>(void* gate, void* up, void* gradient, void* ofGate, void* ofUp, int at) where T : struct, IRow
    {
        Vector512<float> x = T.Load(gate, at), given = T.Load(gradient, at);
        var one = Vector512<float>.One;
        var below = one + Lanes.ExactExp(-x);
        if (ofUp != null) T.Store(T.Round(given * T.Round(x / below)), ofUp, at);
        if (ofGate == null) return;
        var sigmoid = one / below;
        T.Store(T.Round(T.Round(given * T.Load(up, at)) * sigmoid * (one + x * (one - sigmoid))), ofGate, at);
    }

    /// <summary>The numbers of up to five rows that do not fill a step, each with room for one.</summary>
    [InlineArray(5 * Lanes.Count)]
    private struct End
    {
        private float _first;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void* At(int place) => (float*)Unsafe.AsPointer(ref _first) + place * Lanes.Count;

        public void Read<T>(int place, void* row, int at, int length) where T : struct, IRow =>
            Unsafe.CopyBlockUnaligned(At(place), (byte*)row + (long)at * T.Size, (uint)((length - at) * T.Size));

        public void Write<T>(int place, void* row, int at, int length) where T : struct, IRow
        {
            if (row != null) Unsafe.CopyBlockUnaligned((byte*)row + (long)at * T.Size, At(place), (uint)((length - at) * T.Size));
        }
    }

    /// <summary>Where the rows of a matrix lie; one that lies end to end is cut into long ones, which have fewer ends.</summary>
    private readonly record struct Matrix(nint Start, long Stride, long Count, int Length, long Numbers)
    {
        private const int LongRow = 1 << 14;

        public static Matrix Of(Tensor x, bool isOneRow) => isOneRow
            ? new((nint)Aten.Data(x), LongRow, (x.numel() + LongRow - 1) / LongRow, LongRow, x.numel())
            : new((nint)Aten.Data(x), x.stride(0), x.size(0), (int)x.size(1), long.MaxValue);

        public int LengthOf(long row) => (int)Math.Min(Length, Numbers - row * Stride);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void* Row<T>(long row) where T : struct, IRow => Start == 0 ? null : (byte*)Start + row * Stride * T.Size;
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(GatedRows);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
            ctx.save_data("needs", vars[2]);
            ctx.save_for_backward([gate, up]);
            return Forward(gate, up, inPlace: false);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("gate");
            var (wantsGate, wantsUp) = ((bool, bool))ctx.get_data("needs");
            List<Tensor> saved = ctx.get_saved_variables();
            using Tensor gradient = grad_output.contiguous();
            Tensor? ofGate = wantsGate ? empty_like(gradient) : null;
            Tensor? ofUp = wantsUp ? empty_like(gradient) : null;
            bool isOneRow = saved[0].is_contiguous() && saved[1].is_contiguous();
            Matrix Of(Tensor? x) => x is null ? default : Matrix.Of(x, isOneRow);
            Matrix gate = Of(saved[0]), up = Of(saved[1]), given = Of(gradient), toGate = Of(ofGate), toUp = Of(ofUp);
            bool isWide = gradient.dtype == ScalarType.Float32;
            Rows.Run(gate.Count, gate.Length, (_, first, end) =>
            {
                for (long row = first; row < end; row++)
                {
                    if (isWide) Backward<WideRow>(row);
                    else Backward<BFloat16Row>(row);
                }
            });
            return [ofGate!, ofUp!, null!];

            void Backward<T>(long row) where T : struct, IRow =>
                RowBackward<T>(gate.Row<T>(row), up.Row<T>(row), given.Row<T>(row), toGate.Row<T>(row), toUp.Row<T>(row),
                    gate.LengthOf(row));
        }
    }
}
