using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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

    private const int Outputs = 4, RowsAtOnce = 3, PartSize = 1 << 16;

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
            int each = Math.Max(1, PartSize / inputs / Outputs) * Outputs;
            Workers.Share((outputs + each - 1) / each, part =>
                Product((ushort*)matrix, (float*)states, (float*)given, count, inputs, outputs, part * each,
                    Math.Min(outputs, (part + 1) * each)));
        }
        return bias is null ? y : y.add_(bias);
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

    private static void Product(ushort* w, float* x, float* y, int rows, int inputs, int outputs, int first, int behind)
    {
        for (int output = first; output < behind; output += Outputs)
        {
            // The last ones are computed once more where their number is no multiple.
            int own = Math.Min(output, outputs - Outputs), row = 0;
            ushort* weights = w + (long)own * inputs;
            for (; row + RowsAtOnce <= rows; row += RowsAtOnce)
                Three(weights, x + (long)row * inputs, inputs, y + (long)row * outputs + own, outputs);
            for (; row < rows; row++) One(weights, x + (long)row * inputs, inputs, y + (long)row * outputs + own);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Three(ushort* w, float* x, int inputs, float* y, int outputs)
    {
        ushort* w1 = w + inputs, w2 = w1 + inputs, w3 = w2 + inputs;
        float* x1 = x + inputs, x2 = x1 + inputs, y1 = y + outputs, y2 = y1 + outputs;
        Vector256<float> s00 = default, s01 = default, s02 = default, s03 = default;
        Vector256<float> s10 = default, s11 = default, s12 = default, s13 = default;
        Vector256<float> s20 = default, s21 = default, s22 = default, s23 = default;
        for (int i = 0; i < inputs; i += Step)
        {
            var pairs = Vector256.Load((uint*)(w + i));
            s00 = Add(pairs, x + i, s00);
            s10 = Add(pairs, x1 + i, s10);
            s20 = Add(pairs, x2 + i, s20);
            pairs = Vector256.Load((uint*)(w1 + i));
            s01 = Add(pairs, x + i, s01);
            s11 = Add(pairs, x1 + i, s11);
            s21 = Add(pairs, x2 + i, s21);
            pairs = Vector256.Load((uint*)(w2 + i));
            s02 = Add(pairs, x + i, s02);
            s12 = Add(pairs, x1 + i, s12);
            s22 = Add(pairs, x2 + i, s22);
            pairs = Vector256.Load((uint*)(w3 + i));
            s03 = Add(pairs, x + i, s03);
            s13 = Add(pairs, x1 + i, s13);
            s23 = Add(pairs, x2 + i, s23);
        }
        Write(s00, s01, s02, s03, y);
        Write(s10, s11, s12, s13, y1);
        Write(s20, s21, s22, s23, y2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(ushort* w, float* x, int inputs, float* y)
    {
        ushort* w1 = w + inputs, w2 = w1 + inputs, w3 = w2 + inputs;
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (int i = 0; i < inputs; i += Step)
        {
            s0 = Add(Vector256.Load((uint*)(w + i)), x + i, s0);
            s1 = Add(Vector256.Load((uint*)(w1 + i)), x + i, s1);
            s2 = Add(Vector256.Load((uint*)(w2 + i)), x + i, s2);
            s3 = Add(Vector256.Load((uint*)(w3 + i)), x + i, s3);
        }
        Write(s0, s1, s2, s3, y);
    }

    /// <summary>Eight pairs of weights times sixteen turned numbers: bf16 is the upper half of fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<uint> pairs, float* x, Vector256<float> sum)
    {
        Vector256<float> even = (pairs << 16).AsSingle(), odd = (pairs & Vector256.Create(0xFFFF0000u)).AsSingle();
        sum = Vector256.FusedMultiplyAdd(even, Vector256.Load(x), sum);
        return Vector256.FusedMultiplyAdd(odd, Vector256.Load(x + Step / 2), sum);
    }

    private static void Write(Vector256<float> s0, Vector256<float> s1, Vector256<float> s2, Vector256<float> s3, float* y)
    {
        y[0] = Vector256.Sum(s0);
        y[1] = Vector256.Sum(s1);
        y[2] = Vector256.Sum(s2);
        y[3] = Vector256.Sum(s3);
    }
}
