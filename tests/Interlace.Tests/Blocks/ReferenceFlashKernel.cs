using System.Runtime.InteropServices;
using System.Runtime.CompilerServices;
using Interlace.Vlm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Blocks;

/// <summary>
/// What the engine's variable-length attention computes, for CPU tensors, where the engine has none: entered into its own table of
/// operators, so that calls go the way they go on a GPU, through the operator's schema and its autograd formula.
/// </summary>
internal static unsafe partial class ReferenceFlashKernel
{
    private static readonly Lock Once = new();
    private static bool _isThere;

    /// <summary>What went wrong in the kernel, which cannot throw through the engine; null where nothing did.</summary>
    public static Exception? Failure { get; private set; }

    public static void Register()
    {
        lock (Once)
        {
            if (_isThere) return;
            Aten.RequireKnownEngine();
            Assert.Equal(0, aoti_torch_library_init_impl("aten", "CPU", "", 0, out nint library));
            Assert.Equal(0, torch_library_impl(library, "_flash_attention_forward", &Forward, Aten.SchemaVersion));
            Assert.Equal(0, torch_library_impl(library, "_flash_attention_backward", &Backward, Aten.SchemaVersion));
            _isThere = true;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forward(ulong* stack, ulong arguments, ulong results)
    {
        using var scope = NewDisposeScope();
        try
        {
            Assert.Equal((15ul, 5ul), (arguments, results));
            Tensor q = Owned(stack[0]), k = Owned(stack[1]), v = Owned(stack[2]);
            var packed = new Packed(q, k, v, Owned(Given(stack[3])!.Value), Owned(Given(stack[4])!.Value), (long)stack[5], (long)stack[6],
                stack[8] != 0, Given(stack[10]), Given(stack[11]), Given(stack[12]), Given(stack[13]) is { } seen ? Owned(seen) : null);
            Assert.Equal((0ul, 0ul, 0ul), (stack[7], stack[9], stack[14]));   // no dropout, no debug mask, no slopes
            Return(stack, packed.Forward(), zeros(1), zeros(1), zeros(1), zeros(1));
        }
        catch (Exception e)
        {
            Fail(e, stack, 5);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Backward(ulong* stack, ulong arguments, ulong results)
    {
        using var scope = NewDisposeScope();
        try
        {
            Assert.Equal((17ul, 3ul), (arguments, results));
            Tensor gradient = Owned(stack[0]), q = Owned(stack[1]), k = Owned(stack[2]), v = Owned(stack[3]);
            foreach (int other in new[] { 4, 5, 12, 13 }) Owned(stack[other]);
            var packed = new Packed(q, k, v, Owned(stack[6]), Owned(stack[7]), (long)stack[8], (long)stack[9], stack[11] != 0,
                Given(stack[14]), Given(stack[15]), Given(stack[16]), null);
            Return(stack, packed.Backward(gradient));
        }
        catch (Exception e)
        {
            Fail(e, stack, 3);
        }
    }

    private static void Fail(Exception e, ulong* stack, int results)
    {
        Failure ??= e;
        Return(stack, [.. Enumerable.Range(0, results).Select(_ => zeros(1))]);
    }

    private static Tensor Owned(ulong slot) => Tensor.UnsafeCreateTensor((nint)slot);

    private static ulong? Given(ulong slot) => slot == 0 ? null : *(ulong*)slot;

    private static void Return(ulong* stack, params Tensor[] results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            Assert.Equal(0, aoti_torch_new_tensor_handle(results[i].Handle, out nint handle));
            stack[i] = (ulong)handle;
        }
    }

    /// <summary>The arguments, and attention one sequence and one head after the other.</summary>
    private sealed class Packed
    {
        private readonly Tensor _q, _k, _v;
        private readonly (long Q, long Queries, long K, long Keys)[] _parts;
        private readonly bool _causal;
        private readonly double _scale;
        private readonly long _left, _right;

        public Packed(Tensor q, Tensor k, Tensor v, Tensor queryStarts, Tensor keyStarts, long longestQuery, long longestKey, bool causal,
            ulong? scale, ulong? left, ulong? right, Tensor? seen)
        {
            (_q, _k, _v, _causal) = (q, k, v, causal);
            _scale = scale is { } bits ? BitConverter.UInt64BitsToDouble(bits) : 1 / Math.Sqrt(q.shape[2]);
            (_left, _right) = ((long)(left ?? ulong.MaxValue), (long)(right ?? ulong.MaxValue));
            int[] queries = Numbers(queryStarts), keys = Numbers(keyStarts);
            int[]? used = seen is null ? null : Numbers(seen);
            Assert.Equal(queries.Length, keys.Length);
            Assert.Equal(q.shape[0], queries[^1]);
            Assert.InRange(keys[^1], 0, k.shape[0]);
            _parts = [.. Enumerable.Range(0, queries.Length - 1).Select(i => ((long)queries[i], (long)queries[i + 1] - queries[i],
                (long)keys[i], (long)(used?[i] ?? keys[i + 1] - keys[i])))];
            Assert.Equal(longestQuery, _parts.Max(part => part.Queries));
            Assert.Equal(longestKey, _parts.Max(part => part.Keys));
        }

        public Tensor Forward()
        {
            Tensor result = zeros_like(_q);
            foreach (var part in _parts)
                for (long h = 0; h < _q.shape[1]; h++)
                {
                    var (q, _, v, weights) = Head(part, h);
                    result.narrow(0, part.Q, part.Queries).select(1, h).copy_(weights.matmul(v));
                }
            return result;
        }

        public Tensor[] Backward(Tensor gradient)
        {
            Tensor dq = zeros_like(_q), dk = zeros_like(_k), dv = zeros_like(_v);
            foreach (var part in _parts)
                for (long h = 0; h < _q.shape[1]; h++)
                {
                    var (q, k, v, weights) = Head(part, h);
                    Tensor own = gradient.narrow(0, part.Q, part.Queries).select(1, h), dWeights = own.matmul(v.t());
                    Tensor dScores = weights.mul(dWeights - weights.mul(dWeights).sum(-1, keepdim: true)).Times(_scale);
                    dq.narrow(0, part.Q, part.Queries).select(1, h).Add(dScores.matmul(k));
                    Tensor Keys(Tensor of) => of.narrow(0, part.K, part.Keys).select(1, KeyHead(h));
                    Keys(dk).Add(dScores.t().matmul(q));
                    Keys(dv).Add(weights.t().matmul(own));
                }
            return [dq, dk, dv];
        }

        private (Tensor Q, Tensor K, Tensor V, Tensor Weights) Head((long Q, long Queries, long K, long Keys) part, long h)
        {
            Tensor q = _q.narrow(0, part.Q, part.Queries).select(1, h);
            Tensor k = _k.narrow(0, part.K, part.Keys).select(1, KeyHead(h)), v = _v.narrow(0, part.K, part.Keys).select(1, KeyHead(h));
            // Queries stand at the end of the keys.
            Tensor key = Arithmetic.Range(part.Keys, CPU);
            Tensor place = Arithmetic.Range(part.Queries, CPU).Plus(part.Keys - part.Queries).unsqueeze(1);
            Tensor hidden = key.gt(place.Plus(_causal ? 0 : _right >= 0 ? _right : part.Keys));
            if (_left >= 0) hidden = hidden.logical_or(key.lt(place.Plus(-_left)));
            Tensor scores = q.matmul(k.t()).Times(_scale).Plus(hidden.to(q.dtype).Times(-1e30));
            return (q, k, v, scores.softmax(-1));
        }

        private long KeyHead(long h) => h / (_q.shape[1] / _k.shape[1]);

        private static int[] Numbers(Tensor numbers)
        {
            Assert.Equal(ScalarType.Int32, numbers.dtype);
            Assert.True(numbers.is_contiguous());
            return numbers.data<int>().ToArray();
        }
    }

    [LibraryImport("torch_cpu", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int aoti_torch_library_init_impl(string library, string key, string file, uint line, out nint handle);
    [LibraryImport("torch_cpu", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int torch_library_impl(nint library, string name, delegate* unmanaged[Cdecl]<ulong*, ulong, ulong, void> kernel,
        ulong version);
    [LibraryImport("torch_cpu")]
    private static partial int aoti_torch_new_tensor_handle(nint tensor, out nint handle);
}
