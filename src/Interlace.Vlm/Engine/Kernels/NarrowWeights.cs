using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Large frozen matrices in bf16 or fp16 of a model that is computed in fp32 on a CPU. They stay where they lie, in the mapped file, and
/// are widened on their way into a product: the numbers are those of a wide copy, at half of its memory and, where few rows are computed,
/// half of its reading.
/// </summary>
internal static unsafe class NarrowWeights
{
    /// <summary>Up to so many rows a product with bf16 is computed here: for more it is quicker to widen pieces of the matrix.</summary>
    public const int MostRows = 16;

    /// <summary>Weights that are widened at once: 32 bytes of them.</summary>
    private const int Step = 16;

    /// <summary>Weights of a line of the cache.</summary>
    private const int Line = 32;

    /// <summary>Outputs that are computed at once, of as many rows; outputs of a part of the work.</summary>
    private const int Outputs = 3, InPart = 24;

    /// <summary>Smaller matrices are widened when a model is opened: they are soon read, and their products are short.</summary>
    public const long SmallestWeight = 1 << 20;

    /// <summary>A weight of this shape stays narrow, where it is stored so.</summary>
    public static bool Stay(IReadOnlyList<long> shape) => Rows.AreFast && Workers.AreOurs && shape is [>= Outputs, var inputs]
        && inputs % Step == 0 && shape[0] * inputs >= SmallestWeight;

    /// <summary>A product is one of wide rows with a narrow matrix.</summary>
    public static bool Are(Tensor x, Tensor weight) => x.dtype == ScalarType.Float32
        && weight.dtype is ScalarType.BFloat16 or ScalarType.Float16 && !weight.requires_grad
        && weight.device_type == DeviceType.CPU && Workers.AreOurs;

    /// <summary>The kernel serves these rows and this matrix.</summary>
    public static bool Serves(Tensor x, Tensor weight) => Rows.AreFast && weight.dtype == ScalarType.BFloat16
        && x.numel() <= MostRows * x.size(-1) && weight.size(0) >= Outputs && weight.size(1) % Step == 0 && weight.is_contiguous();

    /// <summary>
    /// x W^T + b without a gradient. x [.., input] in fp32, at most <see cref="MostRows"/> rows, weight [output, input] in bf16, bias
    /// [output] in fp32 or null -> [.., output]. What a row gives depends on nothing but the row.
    /// </summary>
    public static Tensor Product(Tensor x, Tensor weight, Tensor? bias)
    {
        int inputs = (int)weight.size(1), outputs = (int)weight.size(0), count = (int)(x.numel() / inputs);
        Tensor y = empty([.. x.shape[..^1], outputs]);
        using Tensor rows = x.contiguous(), turned = empty(count, inputs);
        fixed (byte* from = rows.bytes, to = turned.bytes, w = weight.bytes, results = y.bytes)
        {
            Turn((float*)from, (float*)to, (long)count * inputs);
            var (matrix, states, given) = ((nint)w, (nint)to, (nint)results);
            Workers.Share((outputs + InPart - 1) / InPart, part =>
                Part((ushort*)matrix, (float*)states, (float*)given, count, inputs, outputs, part * InPart));
        }
        if (bias is not null) y.Add(bias);
        return y;
    }

    /// <summary>Of sixteen numbers those at even places come to stand before those at odd ones.</summary>
    private static void Turn(float* from, float* to, long count)
    {
        for (long i = 0; i < count; i += Step)
        {
            for (int pair = 0; pair < Step / 2; pair++)
                (to[i + pair], to[i + Step / 2 + pair]) = (from[i + 2 * pair], from[i + 2 * pair + 1]);
        }
    }

    /// <summary>All rows with the weights of some outputs.</summary>
    private static void Part(ushort* w, float* x, float* y, int rows, int inputs, int outputs, int first)
    {
        for (int output = first; output < Math.Min(first + InPart, outputs); output += Outputs)
        {
            // The last ones are computed once more where their number is no multiple.
            int own = Math.Min(output, outputs - Outputs), row = 0;
            ushort* weights = w + (long)own * inputs;
            for (; row + Outputs <= rows; row += Outputs)
                Three(weights, x + (long)row * inputs, inputs, y + (long)row * outputs + own, outputs, asks: row == 0);
            for (; row < rows; row++) One(weights, x + (long)row * inputs, inputs, y + (long)row * outputs + own);
        }
    }

    /// <summary>Three rows with the weights of three outputs; it asks for the next ones' ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Three(ushort* w, float* x, int inputs, float* y, int outputs, bool asks)
    {
        ushort* w1 = w + inputs, w2 = w1 + inputs, next = w2 + inputs;
        float* x1 = x + inputs, x2 = x1 + inputs, y1 = y + outputs, y2 = y1 + outputs;
        Vector256<float> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default;
        Vector256<float> s20 = default, s21 = default, s22 = default;
        for (int i = 0; i < inputs; i += Step)
        {
            if (asks) Ask(next + Outputs * i);
            Vector256<uint> pairs = Pairs(w + i), pairs1 = Pairs(w1 + i), pairs2 = Pairs(w2 + i);
            Vector256<float> a = Even(pairs), a1 = Even(pairs1), a2 = Even(pairs2), states = Vector256.Load(x + i);
            (s00, s01, s02) = (Add(a, states, s00), Add(a1, states, s01), Add(a2, states, s02));
            states = Vector256.Load(x1 + i);
            (s10, s11, s12) = (Add(a, states, s10), Add(a1, states, s11), Add(a2, states, s12));
            states = Vector256.Load(x2 + i);
            (s20, s21, s22) = (Add(a, states, s20), Add(a1, states, s21), Add(a2, states, s22));
            (a, a1, a2, states) = (Odd(pairs), Odd(pairs1), Odd(pairs2), Vector256.Load(x + i + Step / 2));
            (s00, s01, s02) = (Add(a, states, s00), Add(a1, states, s01), Add(a2, states, s02));
            states = Vector256.Load(x1 + i + Step / 2);
            (s10, s11, s12) = (Add(a, states, s10), Add(a1, states, s11), Add(a2, states, s12));
            states = Vector256.Load(x2 + i + Step / 2);
            (s20, s21, s22) = (Add(a, states, s20), Add(a1, states, s21), Add(a2, states, s22));
        }
        Write(s00, s01, s02, y);
        Write(s10, s11, s12, y1);
        Write(s20, s21, s22, y2);
    }

    /// <summary>A row with the weights of three outputs; it asks for the next ones' ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(ushort* w, float* x, int inputs, float* y)
    {
        ushort* w1 = w + inputs, w2 = w1 + inputs, next = w2 + inputs;
        Vector256<float> s0 = default, s1 = default, s2 = default;
        for (int i = 0; i < inputs; i += Step)
        {
            Ask(next + Outputs * i);
            Vector256<uint> pairs = Pairs(w + i), pairs1 = Pairs(w1 + i), pairs2 = Pairs(w2 + i);
            var states = Vector256.Load(x + i);
            (s0, s1, s2) = (Add(Even(pairs), states, s0), Add(Even(pairs1), states, s1), Add(Even(pairs2), states, s2));
            states = Vector256.Load(x + i + Step / 2);
            (s0, s1, s2) = (Add(Odd(pairs), states, s0), Add(Odd(pairs1), states, s1), Add(Odd(pairs2), states, s2));
        }
        Write(s0, s1, s2, y);
    }

    private static void Write(Vector256<float> s0, Vector256<float> s1, Vector256<float> s2, float* y)
    {
        y[0] = Vector256.Sum(s0);
        y[1] = Vector256.Sum(s1);
        y[2] = Vector256.Sum(s2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Pairs(ushort* w) => Vector256.Load((uint*)w);

    /// <summary>bf16 is the upper half of fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Even(Vector256<uint> pairs) => (pairs << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Odd(Vector256<uint> pairs) => (pairs & Vector256.Create(0xFFFF0000u)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> weights, Vector256<float> states, Vector256<float> sum) =>
        Vector256.FusedMultiplyAdd(weights, states, sum);

    /// <summary>
    /// Asks for weights of the next outputs while these are computed, as many as one step takes: the processor's own looking ahead ends
    /// with every page, and all at once would have to wait for each other. They may lie behind the end; nothing comes then.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(ushort* next)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(next);
        Sse.Prefetch0(next + Line);
    }
}
