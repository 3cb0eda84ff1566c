using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// Keys and values of every decoder layer for a number of slots, one conversation each. The slots in use are always the first ones,
/// and there are hardly more; capacity grows with the longest conversation. A very long one takes the room of other slots.
/// </summary>
public sealed class KvCache(int layers, int slots, int heads, int size, ScalarType type, Device device) : IDisposable
{
    private const int Step = 256;          // capacity grows in steps, so that it seldom has to
    private const int UsualLength = 16_384;   // all slots together never hold more than conversations of this length

    private readonly Tensor?[] _keys = new Tensor?[layers], _values = new Tensor?[layers];   // [slots, capacity, heads, size]

    private int _slots;                    // as many as have been made

    /// <summary>Tokens that a slot can hold at present.</summary>
    public int Capacity { get; private set; }

    /// <summary>How many conversations of this length there is room for, at least one.</summary>
    public int SlotsFor(int length) => (int)Math.Clamp((long)slots * UsualLength / RoundUp(length), 1, slots);

    /// <summary>Makes room for so many conversations, the longest of this length. What lies beyond it in a slot is lost.</summary>
    /// <param name="count">Conversations.</param>
    /// <param name="length">Tokens of the longest.</param>
    /// <param name="most">
    /// Tokens that it can come to, where it grows on: room is then made for twice what there was, as far as that.
    /// </param>
    public void Reserve(int count, int length, int most = 0)
    {
        if (count <= _slots && length <= Capacity) return;
        int fitting = SlotsFor(length), grown = count > _slots ? 2 * _slots : _slots;   // doubled, so that it seldom has to grow
        _slots = Math.Max(count, Math.Min(grown, fitting));
        long each = Math.Min((long)slots * UsualLength / _slots, most), ahead = length > Capacity ? Math.Min(2L * Capacity, each) : 0;
        Capacity = RoundUp((int)Math.Max(length, ahead));
        for (int l = 0; l < layers; l++)
        {
            _keys[l] = Resized(_keys[l]);
            _values[l] = Resized(_values[l]);
        }
    }

    /// <summary>Writes keys and values [N, heads, size] of a layer to rows (slot * capacity + place of the token).</summary>
    public void Store(int layer, Tensor rows, Tensor k, Tensor v)
    {
        using var part = Profile.Of("cache");
        using var scope = NewDisposeScope();
        _keys[layer]!.view(-1, heads, size).index_copy_(0, rows, k);
        _values[layer]!.view(-1, heads, size).index_copy_(0, rows, v);
    }

    /// <summary>
    /// One query per slot in use against that slot's keys: q [B, H, d], mask [B, 1, 1, S] is added to the scores -> [B, H * d].
    /// </summary>
    /// <param name="layer">0-based layer.</param>
    /// <param name="q">Queries.</param>
    /// <param name="mask">What is added to the scores.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    public Tensor Attend(int layer, Tensor q, Tensor mask, double? scale = null)
    {
        using var part = Profile.Of("attention");
        long used = q.shape[0], seen = mask.shape[^1];
        Tensor Heads(Tensor x) => x.narrow(0, 0, used).narrow(1, 0, seen).transpose(1, 2);
        // The queries that read one key head stand below each other, [B, G, H / G, d]:
        // grouped attention would copy the whole cache once for each of them.
        Tensor grouped = q.view(used, heads, -1, size);
        return Aten.Attention(grouped, Heads(_keys[layer]!), Heads(_values[layer]!), mask, causal: false, scale).reshape(used, -1);
    }

    /// <summary>The same where a GPU does it by the keys that each query sees, without a matrix of what it does not.</summary>
    /// <param name="layer">0-based layer.</param>
    /// <param name="q">[B, H, d] queries.</param>
    /// <param name="seen">The keys of each slot.</param>
    /// <param name="scale">What the scores are multiplied by; 1 / sqrt(d) where absent.</param>
    /// <param name="window">The last keys that a query sees; all where absent.</param>
    internal Tensor Attend(int layer, Tensor q, FlashAttention seen, double? scale, int? window)
    {
        using var part = Profile.Of("attention");
        Tensor Rows(Tensor x) => x.view(-1, heads, size);
        return seen.Forward(q, Rows(_keys[layer]!), Rows(_values[layer]!), scale, window);
    }

    /// <summary>Copies the conversation of one slot, of <paramref name="length"/> tokens, over another's.</summary>
    public void Move(int from, int to, int length)
    {
        using var scope = NewDisposeScope();
        foreach (Tensor? cache in _keys.Concat(_values)) cache![to].narrow(0, 0, length).copy_(cache[from].narrow(0, 0, length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? cache in _keys.Concat(_values)) cache?.Dispose();
    }

    private static int RoundUp(int length) => (length + Step - 1) / Step * Step;

    private Tensor Resized(Tensor? old)
    {
        using var scope = NewDisposeScope();
        Tensor resized = zeros([_slots, Capacity, heads, size], type, device);
        if (old is not null)
        {
            (long count, long length) = (Math.Min(_slots, old.shape[0]), Math.Min(Capacity, old.shape[1]));
            resized.narrow(0, 0, count).narrow(1, 0, length).copy_(old.narrow(0, 0, count).narrow(1, 0, length));
            old.Dispose();
        }
        return resized.DetachFromDisposeScope();
    }
}
