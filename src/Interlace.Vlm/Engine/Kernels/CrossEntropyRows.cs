using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// The cross-entropy of rows of logits, alone or mixed with the divergence from what another model predicts, and its gradient: in fp32
/// without a copy of the logits in it, where the engine's operators make four matrices [rows x vocabulary] on the way.
/// </summary>
internal static unsafe class CrossEntropyRows
{
    private const int Often = 64 * Lanes.Count;   // numbers whose sum is taken in fp32; these sums are added in fp64

    /// <summary>It is computed here: matrices of one shape and type whose rows lie one behind the other.</summary>
    public static bool Serves(Tensor logits, Tensor? taught = null) =>
        Rows.Serves(logits) && logits.dim() == 2 && logits.is_contiguous() && logits.size(1) is >= Lanes.Count and <= int.MaxValue
        && (taught is null || Rows.Serves(taught) && taught.dtype == logits.dtype && taught.is_contiguous()
            && Rows.AreAlike(logits, taught));

    /// <summary>The loss of each row. logits [n, vocabulary], ids [n] -> [n] fp64.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="ids">0-based.</param>
    /// <param name="taught">What else is learnt; null for cross-entropy alone.</param>
    /// <param name="gradient">Takes scale times the gradient of their sum, [n, vocabulary] in the type of the logits; or null.</param>
    /// <param name="scale">Of the gradient.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public static Tensor Losses(Tensor logits, Tensor ids, TaughtLogits? taught = null, Tensor? gradient = null, double scale = 1)
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
        nint from = Start(logits), other = Start(taught?.Logits), to = Start(gradient);
        var mix = new Mix(taught?.Weight ?? 0, taught?.Temperature ?? 1, scale);
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
            void* At(nint start) => start == 0 ? null : (byte*)start + place;
            return Loss<T>(At(from), At(other), At(to), (int)right[row], length, mix);
        }
    }

    private static nint Start(Tensor? x) => x is null ? 0 : (nint)Aten.Data(x);

    /// <summary>How losses are mixed, and what their gradient is multiplied by.</summary>
    private readonly record struct Mix(double Weight, double Temperature, double Scale);

    private static double Loss<T>(void* logits, void* taught, void* gradient, int id, int length, Mix mix) where T : struct, IRow
    {
        double weight = mix.Weight, sharpness = 1 / mix.Temperature;
        var own = Exponentials<T>(logits, length, 1);
        float right = One<T>(logits, id);
        double loss = (1 - weight) * (own.LogSum - right);
        var (soft, aim) = (own, own);
        if (taught != null)
        {
            soft = sharpness == 1 ? own : Exponentials<T>(logits, length, (float)sharpness);
            aim = Exponentials<T>(taught, length, (float)sharpness);
            // KL(p || q) = sum p (log p - log q), whose logarithms are logits less the logarithm of a sum.
            double apart = Difference<T>(taught, logits, length, aim) * sharpness / aim.Sum;
            loss += weight / (sharpness * sharpness) * (apart - aim.LogSum + soft.LogSum);
        }
        if (gradient == null) return loss;
        double ofOwn = mix.Scale * (1 - weight), ofOther = mix.Scale * weight / sharpness;
        if (taught == null) Gradient<T>(logits, gradient, length, own, ofOwn);
        else Gradient<T>(logits, taught, gradient, length, (own, ofOwn), (soft, ofOther), (aim, ofOther));
        double given = ofOwn * (own.Of(right) - 1);
        if (taught != null) given += ofOther * (soft.Of(right) - aim.Of(One<T>(taught, id)));
        SetOne<T>(gradient, id, (float)given);
        return loss;
    }

    /// <summary>What a softmax of a row is made of: e^(sharpness (x - largest)), divided by their sum.</summary>
    private readonly record struct Softmax(float Largest, float Sharpness, double Sum)
    {
        /// <summary>Logarithm of the sum of e^(sharpness x).</summary>
        public double LogSum => Math.Log(Sum) + (double)Largest * Sharpness;

        /// <summary>What a number of the row becomes.</summary>
        public double Of(float x) => Math.Exp(((double)x - Largest) * Sharpness) / Sum;

        /// <summary>The numerators of some numbers.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<float> Powers(Vector512<float> x) => Lanes.Exp((x - Vector512.Create(Largest)) * Vector512.Create(Sharpness));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Softmax Exponentials<T>(void* row, int length, float sharpness) where T : struct, IRow
    {
        var most = T.Load(row, length - Lanes.Count);
        for (int i = 0; i + Lanes.Count <= length; i += Lanes.Count) most = Vector512.MaxNative(T.Load(row, i), most);
        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes.Count; lane++) largest = MathF.Max(largest, most[lane]);
        var softmax = new Softmax(largest, sharpness, 0);
        double sum = 0;
        for (int i = 0; i < length;)
        {
            var powers = Vector512<float>.Zero;
            for (int end = Math.Min(length, i + Often); i < end; i += Lanes.Count)
                powers += Own(softmax.Powers(T.Load(row, Step(i, length))), i, length);
            sum += Vector512.Sum(powers);
        }
        return softmax with { Sum = sum };
    }

    /// <summary>The sum of (a - b) times the numerators of a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Difference<T>(void* a, void* b, int length, Softmax softmax) where T : struct, IRow
    {
        double sum = 0;
        for (int i = 0; i < length;)
        {
            var parts = Vector512<float>.Zero;
            for (int end = Math.Min(length, i + Often); i < end; i += Lanes.Count)
            {
                var x = T.Load(a, Step(i, length));
                parts += Own(softmax.Powers(x) * (x - T.Load(b, Step(i, length))), i, length);
            }
            sum += Vector512.Sum(parts);
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient<T>(void* row, void* gradient, int length, Softmax own, double factor) where T : struct, IRow
    {
        var share = Vector512.Create((float)(factor / own.Sum));
        for (int i = 0; i < length; i += Lanes.Count)
        {
            int at = Step(i, length);
            T.Store(T.Round(own.Powers(T.Load(row, at)) * share), gradient, at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient<T>(void* row, void* taught, void* gradient, int length, (Softmax Of, double By) own,
        (Softmax Of, double By) soft, (Softmax Of, double By) aim) where T : struct, IRow
    {
        static Vector512<float> Share((Softmax Of, double By) part) => Vector512.Create((float)(part.By / part.Of.Sum));
        var (ofOwn, ofSoft, ofAim) = (Share(own), Share(soft), Share(aim));
        for (int i = 0; i < length; i += Lanes.Count)
        {
            int at = Step(i, length);
            Vector512<float> x = T.Load(row, at), powers = own.Of.Powers(x) * ofOwn + soft.Of.Powers(x) * ofSoft;
            T.Store(T.Round(powers - aim.Of.Powers(T.Load(taught, at)) * ofAim), gradient, at);
        }
    }

    /// <summary>Where a step is read: the last one of a row may read some numbers again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Step(int at, int length) => Math.Min(at, length - Lanes.Count);

    /// <summary>The numbers of a step that no step before has had; 0 in the place of the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Own(Vector512<float> x, int at, int length) => at + Lanes.Count <= length ? x
        : x & Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(at + Lanes.Count - length)).AsSingle();

    private static float One<T>(void* row, int at) where T : struct, IRow =>
        T.Size == sizeof(float) ? ((float*)row)[at] : BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[at] << 16);

    private static void SetOne<T>(void* row, int at, float value) where T : struct, IRow
    {
        if (T.Size == sizeof(float)) ((float*)row)[at] = value;
        else Lanes.Narrow(&value, (ushort*)row + at, 1);
    }
}
