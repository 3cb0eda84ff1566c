using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// Attention over sequences packed end to end: each token sees its own sequence only. Sequences of equal or similar length share one call;
/// shorter ones are padded at the end, where neither a causal query nor one with a range of keys ever looks.
/// </summary>
public sealed class PackedAttention : IDisposable
{
    private readonly IReadOnlyList<int> _lengths;
    private readonly bool _causal;
    private readonly Device _device;
    private readonly KeyRanges? _ranges;
    private Plan? _plan;               // made when it is asked for: a GPU seldom does
    private FlashAttention? _flash;

    // Inverse [N]: row of each token in the groups' padded rows, one after another; null where they are the same
    private sealed record Plan(IReadOnlyList<Group> Groups, Tensor? Inverse);

    private sealed record Group(   // Rows [Count * Length]: the token of each padded row
        int Count, int Length, Tensor? Rows, RangeAttention? Ranges);

    private PackedAttention(IReadOnlyList<int> lengths, bool causal, Device device, KeyRanges? ranges) =>
        (_lengths, _causal, _device, _ranges) = (lengths, causal, device, ranges);

    /// <summary>Plans the calls for sequences of these lengths.</summary>
    /// <param name="lengths">Lengths of the packed sequences, in order.</param>
    /// <param name="causal">A token sees only itself and earlier ones. Otherwise sequences are grouped by equal length.</param>
    /// <param name="device">Where the tensors live.</param>
    public static PackedAttention Create(IReadOnlyList<int> lengths, bool causal, Device device) => new(lengths, causal, device, null);

    /// <summary>Plans the calls for sequences in which each token sees itself and what stands before it, or a range of keys.</summary>
    /// <param name="lengths">Lengths of the packed sequences, in order.</param>
    /// <param name="ranges">The keys that are seen; null for all up to the token itself.</param>
    /// <param name="device">Where the tensors live.</param>
    internal static PackedAttention Create(IReadOnlyList<int> lengths, KeyRanges? ranges, Device device) =>
        new(lengths, causal: true, device, ranges);

    private static Plan PlanFor(IReadOnlyList<int> lengths, bool causal, Device device, KeyRanges? ranges)
    {
        int[] starts = new int[lengths.Count];
        for (int i = 1; i < starts.Length; i++) starts[i] = starts[i - 1] + lengths[i - 1];
        if (lengths.Count <= 1 || lengths.All(n => n == lengths[0]))
        {
            int length = lengths.Count == 0 ? 0 : lengths[0];
            var seen = ranges is null ? null : new RangeAttention(lengths.Count, length, ranges.First, ranges.Last, device);
            return new([new Group(lengths.Count, length, null, seen)], null);
        }

        int[] order = [.. Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i])];
        var groups = new List<Group>();
        long[] inverse = new long[lengths.Sum()];
        long row = 0;
        for (int first = 0; first < order.Length;)
        {
            int longest = lengths[order[first]], last = first + 1;
            while (last < order.Length && Fits(longest, lengths[order[last]], causal)) last++;
            long[] rows = new long[(last - first) * longest];
            for (int i = first; i < last; i++)
                for (int t = 0; t < lengths[order[i]]; t++)
                {
                    rows[(i - first) * longest + t] = starts[order[i]] + t;
                    inverse[starts[order[i]] + t] = row + (i - first) * longest + t;
                }
            groups.Add(new Group(last - first, longest, Upload.Of(rows, device).DetachFromDisposeScope(), Ranges()));
            row += rows.Length;
            first = last;

            RangeAttention? Ranges()
            {
                if (ranges is null) return null;
                (int[] from, int[] to) = (new int[rows.Length], new int[rows.Length]);   // what is padding sees the first key
                for (int i = first; i < last; i++)
                {
                    ranges.First.AsSpan(starts[order[i]], lengths[order[i]]).CopyTo(from.AsSpan((i - first) * longest));
                    ranges.Last.AsSpan(starts[order[i]], lengths[order[i]]).CopyTo(to.AsSpan((i - first) * longest));
                }
                return new(last - first, longest, from, to, device);
            }
        }
        return new(groups, Upload.Of(inverse, device).DetachFromDisposeScope());
    }

    /// <summary>q [N, H, d], k and v [N, G, d] -> [N, H * d].</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    public Tensor Forward(Tensor q, Tensor k, Tensor v, double? scale = null)
    {
        using var part = Profile.Of("attention");
        if (_ranges is null && FlashAttention.Serves(_device, q.dtype, q.shape[2]))
            return (_flash ??= FlashAttention.OfSequences(_lengths, _causal, _device)).Forward(q, k, v, scale);
        var (groups, inverse) = _plan ??= PlanFor(_lengths, _causal, _device, _ranges);
        var results = new Tensor[groups.Count];
        for (int g = 0; g < results.Length; g++)
        {
            var (count, length, rows, ranges) = groups[g];
            Tensor Padded(Tensor x) => rows is null ? x : x.index_select(0, rows);
            if (ranges is null && ShortAttention.Serves(q, k, v, length, scale))
            {
                results[g] = ShortAttention.Forward(Padded(q), Padded(k), Padded(v), count, length, _causal, scale);
                continue;
            }
            if (ranges is null && BlockedAttention.Serves(q, k, v, length, scale))
            {
                results[g] = BlockedAttention.Forward(Padded(q), Padded(k), Padded(v), count, length, _causal, scale);
                continue;
            }
            Tensor Heads(Tensor x) => Padded(x).view(count, length, x.shape[1], x.shape[2]).transpose(1, 2);
            Tensor result = ranges?.Forward(Heads(q), Heads(k), Heads(v), scale)
                ?? Aten.Attention(Heads(q), Heads(k), Heads(v), null, _causal, scale);
            results[g] = result.transpose(1, 2).reshape(count * length, q.shape[1] * q.shape[2]);
        }
        Tensor all = results.Length == 1 ? results[0] : cat(results, 0);
        return inverse is null ? all : all.index_select(0, inverse);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _flash?.Dispose();
        if (_plan is not { } plan) return;
        foreach (var group in plan.Groups)
        {
            group.Rows?.Dispose();
            group.Ranges?.Dispose();
        }
        plan.Inverse?.Dispose();
    }

    private static bool Fits(int longest, int length, bool causal) =>
        causal ? 4 * length >= 3 * longest || longest - length <= 16 : length == longest;
}
