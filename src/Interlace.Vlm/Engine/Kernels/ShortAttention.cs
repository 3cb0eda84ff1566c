using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>
/// Attention of short sequences with narrow heads, where operators of the engine take longer to call than to compute: everything of a key
/// head of one sequence is one piece of work for one thread, in fp32. What a token reads depends on no token behind it and on no other
/// sequence, to the last bit.
/// </summary>
internal static unsafe class ShortAttention
{
    private const int LongestLength = 512, WidestHead = 128;
    private const int BlockRows = 32;   // queries that are worked on together

    /// <summary>It is computed here on this machine: it asks for AVX-512.</summary>
    public static bool IsPreferred { get; internal set; } = Vector512.IsHardwareAccelerated;

    /// <summary>It is computed here.</summary>
    public static bool Serves(Tensor q, Tensor k, Tensor v, int length, double? scale) =>
        IsPreferred && length is > 0 and <= LongestLength && q.size(2) is > 0 and <= WidestHead and var size && size % Tiles.Columns == 0
        && scale is null or > 0 && Rows.Serves(q) && Rows.Serves(k) && Rows.Serves(v) && q.dtype == k.dtype && q.dtype == v.dtype;

    /// <summary>q [count * length, H, d], k and v [count * length, G, d] with G dividing H -> [count * length, H * d].</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="count">Sequences.</param>
    /// <param name="length">Tokens of each of them.</param>
    /// <param name="causal">A token sees only itself and earlier ones of its sequence.</param>
    /// <param name="scale">What the scores are multiplied by, above 0; 1 / sqrt(d) where absent.</param>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, int count, int length, bool causal, double? scale)
    {
        var shape = new Shape(count, length, (int)q.size(1), (int)k.size(1), (int)q.size(2), causal,
            (float)(scale ?? 1 / Math.Sqrt(q.size(2))));
        return is_grad_enabled() && (q.requires_grad || k.requires_grad || v.requires_grad)
            ? Function.apply(q, k, v, new Settings(shape, q.requires_grad, k.requires_grad, v.requires_grad))
            : Compute(q, k, v, shape);
    }

    private readonly record struct Shape(int Count, int Length, int Heads, int KeyHeads, int Size, bool Causal, float Scale)
    {
        public int Shared => Heads / KeyHeads;

        /// <summary>Keys with room for whole tiles.</summary>
        public int Keys => (Length + Tiles.Columns - 1) / Tiles.Columns * Tiles.Columns;

        /// <summary>Keys that some queries see, the last of which is given.</summary>
        public int Seen(int last) => Causal ? last + 1 : Length;
    }

    private sealed record Settings(Shape Shape, bool OfQueries, bool OfKeys, bool OfValues);

    private static Tensor Compute(Tensor q, Tensor k, Tensor v, Shape shape) =>
        q.dtype == ScalarType.Float32 ? Compute<WideRow>(q, k, v, shape) : Compute<BFloat16Row>(q, k, v, shape);

    private static Tensor Compute<T>(Tensor q, Tensor k, Tensor v, Shape shape) where T : struct, IRow
    {
        Tensor y = empty([(long)shape.Count * shape.Length, shape.Heads * shape.Size], q.dtype);
        Heads queries = Heads.Of(q), keys = Heads.Of(k), values = Heads.Of(v);
        var result = new Heads((nint)Aten.Data(y), shape.Heads * shape.Size, shape.Size);
        Workers.Share(shape.Count * shape.KeyHeads, part =>
        {
            using var room = new Room(shape, ofGradient: false);
            long first = (long)(part / shape.KeyHeads) * shape.Length;
            int keyHead = part % shape.KeyHeads;
            Turn<T>(keys, first, keyHead, shape, room.TurnedKeys);
            Widen<T>(values, first, shape.Length, keyHead, shape.Size, room.Values);
            for (int head = keyHead * shape.Shared; head < (keyHead + 1) * shape.Shared; head++)
            {
                for (int at = 0; at < shape.Length; at += BlockRows)
                {
                    int rows = Math.Min(BlockRows, shape.Length - at), seen = shape.Seen(at + rows - 1);
                    Widen<T>(queries, first + at, rows, head, shape.Size, room.Queries);
                    Weigh(room, at, rows, shape);
                    Tiles.Product(room.Weights, shape.Keys, 1, room.Values, shape.Size, room.Read, shape.Size, rows, seen, shape.Size);
                    Narrow<T>(room.Read, result, first + at, rows, head, shape.Size);
                }
            }
        });
        return y;
    }

    /// <summary>What keys weigh for the block's queries, from the first one at <paramref name="at"/> of the sequence.</summary>
    private static void Weigh(Room room, int at, int rows, Shape shape)
    {
        int keys = shape.Keys, seen = shape.Seen(at + rows - 1), columns = (seen + Tiles.Columns - 1) / Tiles.Columns * Tiles.Columns;
        Tiles.Product(room.Queries, shape.Size, 1, room.TurnedKeys, keys, room.Weights, keys, rows, shape.Size, columns);
        for (int row = 0; row < rows; row++)
            SoftmaxRows.Forward(room.Weights + row * keys, shape.Seen(at + row), columns, shape.Scale);
    }

    /// <summary>Rows of a head in fp32, [rows, d].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen<T>(Heads from, long first, int rows, int head, int size, float* to) where T : struct, IRow
    {
        for (int row = 0; row < rows; row++)
        {
            void* own = from.At<T>(first + row, head);
            for (int i = 0; i < size; i += Lanes.Count) T.Load(own, i).Store(to + row * size + i);
        }
    }

    /// <summary>Rows of a head in fp32, [d, keys].</summary>
    private static void Turn<T>(Heads from, long first, int head, Shape shape, float* to) where T : struct, IRow
    {
        float* row = stackalloc float[WidestHead];
        for (int key = 0; key < shape.Length; key++)
        {
            Widen<T>(from, first + key, 1, head, shape.Size, row);
            for (int i = 0; i < shape.Size; i++) to[i * shape.Keys + key] = row[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow<T>(float* from, Heads to, long first, int rows, int head, int size) where T : struct, IRow
    {
        for (int row = 0; row < rows; row++)
        {
            void* own = to.At<T>(first + row, head);
            for (int i = 0; i < size; i += Lanes.Count) T.Store(T.Round(Vector512.Load(from + row * size + i)), own, i);
        }
    }

    /// <summary>Where the heads of a tensor lie; strides in numbers.</summary>
    private readonly record struct Heads(nint Start, long Token, long Head)
    {
        public static Heads Of(Tensor x) => new((nint)Aten.Data(x), x.stride(0), x.stride(1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void* At<T>(long token, int head) where T : struct, IRow => (byte*)Start + (token * Token + head * Head) * T.Size;
    }

    /// <summary>What one piece of work needs; all of it zeros at first.</summary>
    private readonly struct Room : IDisposable
    {
        private readonly float[] _all;
        private readonly MemoryHandle _pinned;

        public Room(Shape shape, bool ofGradient)
        {
            int ofKeys = shape.Keys * shape.Size, ofBlock = BlockRows * shape.Size, ofScores = BlockRows * shape.Keys;
            int numbers = 2 * ofKeys + 2 * ofBlock + ofScores + (ofGradient ? 4 * ofKeys + ofBlock + ofScores : 0);
            _all = ArrayPool<float>.Shared.Rent(numbers);
            Array.Clear(_all, 0, numbers);
            _pinned = _all.AsMemory().Pin();
            float* at = (float*)_pinned.Pointer;
            float* Next(int count) => (at += count) - count;
            TurnedKeys = Next(ofKeys);
            Values = Next(ofKeys);
            Queries = Next(ofBlock);
            Read = Next(ofBlock);
            Weights = Next(ofScores);
            if (!ofGradient) return;
            Keys = Next(ofKeys);
            TurnedValues = Next(ofKeys);
            OfKeys = Next(ofKeys);
            OfValues = Next(ofKeys);
            Given = Next(ofBlock);
            OfWeights = Next(ofScores);
        }

        /// <summary>[d, keys].</summary>
        public readonly float* TurnedKeys, TurnedValues;

        /// <summary>[keys, d]: what is read, and sums of gradients.</summary>
        public readonly float* Keys, Values, OfKeys, OfValues;

        /// <summary>[block, d]: queries, what they read, and the gradients of that.</summary>
        public readonly float* Queries, Read, Given;

        /// <summary>[block, keys].</summary>
        public readonly float* Weights, OfWeights;

        public void Dispose()
        {
            _pinned.Dispose();
            ArrayPool<float>.Shared.Return(_all);
        }
    }

    private sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(ShortAttention);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (q, k, v, settings) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Settings)vars[3]);
            ctx.save_data("settings", settings);
            ctx.save_for_backward([q, k, v]);
            return Compute(q, k, v, settings.Shape);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            using var part = Profile.Of("attention");
            var settings = (Settings)ctx.get_data("settings");
            List<Tensor> saved = ctx.get_saved_variables();
            using Tensor given = grad_output.contiguous();
            Tensor q = saved[0], k = saved[1], v = saved[2];
            Tensor ofQueries = empty(q.shape, q.dtype), ofKeys = empty(k.shape, q.dtype), ofValues = empty(v.shape, q.dtype);
            if (q.dtype == ScalarType.Float32) Gradients<WideRow>(q, k, v, given, ofQueries, ofKeys, ofValues, settings.Shape);
            else Gradients<BFloat16Row>(q, k, v, given, ofQueries, ofKeys, ofValues, settings.Shape);
            return [settings.OfQueries ? ofQueries : null!, settings.OfKeys ? ofKeys : null!, settings.OfValues ? ofValues : null!, null!];
        }

        /// <summary>The weights are computed again, then four products more.</summary>
        private static void Gradients<T>(Tensor q, Tensor k, Tensor v, Tensor gradient, Tensor ofQueries, Tensor ofKeys, Tensor ofValues,
            Shape shape) where T : struct, IRow
        {
            Heads queries = Heads.Of(q), keys = Heads.Of(k), values = Heads.Of(v);
            var given = new Heads((nint)Aten.Data(gradient), shape.Heads * shape.Size, shape.Size);
            Heads toQueries = Heads.Of(ofQueries), toKeys = Heads.Of(ofKeys), toValues = Heads.Of(ofValues);
            Workers.Share(shape.Count * shape.KeyHeads, part =>
            {
                using var room = new Room(shape, ofGradient: true);
                long first = (long)(part / shape.KeyHeads) * shape.Length;
                int keyHead = part % shape.KeyHeads, size = shape.Size;
                Turn<T>(keys, first, keyHead, shape, room.TurnedKeys);
                Turn<T>(values, first, keyHead, shape, room.TurnedValues);
                Widen<T>(keys, first, shape.Length, keyHead, size, room.Keys);
                for (int head = keyHead * shape.Shared; head < (keyHead + 1) * shape.Shared; head++)
                {
                    for (int at = 0; at < shape.Length; at += BlockRows)
                    {
                        int rows = Math.Min(BlockRows, shape.Length - at), seen = shape.Seen(at + rows - 1);
                        int columns = (seen + Tiles.Columns - 1) / Tiles.Columns * Tiles.Columns;
                        Widen<T>(queries, first + at, rows, head, size, room.Queries);
                        Widen<T>(given, first + at, rows, head, size, room.Given);
                        Weigh(room, at, rows, shape);
                        Tiles.Product(room.Given, size, 1, room.TurnedValues, shape.Keys, room.OfWeights, shape.Keys, rows, size, columns);
                        Tiles.Product(room.Weights, 1, shape.Keys, room.Given, size, room.OfValues, size, seen, rows, size, add: true);
                        for (int row = 0; row < rows; row++)
                            SoftmaxRows.Backward(room.Weights + row * shape.Keys, room.OfWeights + row * shape.Keys, columns, shape.Scale);
                        Tiles.Product(room.OfWeights, shape.Keys, 1, room.Keys, size, room.Read, size, rows, seen, size);
                        Narrow<T>(room.Read, toQueries, first + at, rows, head, size);
                        Tiles.Product(room.OfWeights, 1, shape.Keys, room.Queries, size, room.OfKeys, size, seen, rows, size, add: true);
                    }
                }
                Narrow<T>(room.OfKeys, toKeys, first, shape.Length, keyHead, size);
                Narrow<T>(room.OfValues, toValues, first, shape.Length, keyHead, size);
            });
        }
    }
}
