using System.Diagnostics;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Vlm.Generation;

/// <summary>
/// The conversations that a model answers together, and their cache. A turn either reads prompts that have arrived or gives every
/// conversation its next token; what ended leaves, and the last one takes its place. Who brings prompts, and when, is not known here.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="stopIds">Tokens that end an answer.</param>
/// <param name="slots">Conversations in flight at once.</param>
/// <param name="prefillTokens">At most this many prompt tokens are read in one pass (a longer prompt stands alone).</param>
/// <param name="observe">Is shown what the vision tower shows, and <see cref="Generator.Logits"/>.</param>
internal sealed class DecodingBatch(
    VisionLanguageModel model, IReadOnlyCollection<int> stopIds, int slots, int prefillTokens, Observer? observe = null) : IDisposable
{
    private readonly KvCache _cache = model.NewCache(slots);
    private readonly List<ActiveConversation> _active = [];   // conversation i owns slot i of the cache

    /// <summary>The conversations in flight.</summary>
    public IReadOnlyList<ActiveConversation> Active => _active;

    /// <summary>What the next turn can read.</summary>
    public Room NewRoom() => new(_cache, _active.Count, _active.Select(c => c.Length).DefaultIfEmpty(0).Max(), prefillTokens);

    /// <summary>Reads the prompts that arrived, or where there are none gives every conversation its next token.</summary>
    /// <param name="arrivals">Conversations that <paramref name="room"/> took.</param>
    /// <param name="room">The room of this turn.</param>
    /// <returns>The conversations that got a token, or a fault.</returns>
    public IReadOnlyList<ActiveConversation> Turn(IReadOnlyList<ActiveConversation> arrivals, Room room)
    {
        long begun = Stopwatch.GetTimestamp();   // both end with token ids on the CPU: the device is done by then
        if (arrivals.Count == 0)
        {
            Step();
            TimeSpan time = Stopwatch.GetElapsedTime(begun);
            foreach (var conversation in _active) conversation.Decoding += time / _active.Count;
            return [.. _active];
        }
        Prefill(arrivals, room.Longest);
        double tokens = arrivals.Sum(c => c.Length);
        TimeSpan whole = Stopwatch.GetElapsedTime(begun);
        foreach (var conversation in arrivals) conversation.Prefill = whole * (conversation.Length / tokens);
        _active.AddRange(arrivals);
        return arrivals;
    }

    /// <summary>Takes out the conversations that are over, each with the reason; null where there is no whole answer.</summary>
    public IEnumerable<(ActiveConversation Conversation, FinishReason? Reason)> Retire()
    {
        for (int slot = _active.Count - 1; slot >= 0; slot--)
        {
            var conversation = _active[slot];
            bool broken = conversation.Fault is not null || conversation.IsGivenUp, stopped = !broken && Stopped(conversation);
            if (!broken && !stopped && conversation.Ids.Count < conversation.Options.MaxNewTokens) continue;
            int last = _active.Count - 1;
            if (slot < last)
            {
                using var _ = no_grad();
                _cache.Move(last, slot, _active[last].Length);
                _active[slot] = _active[last];
            }
            _active.RemoveAt(last);
            yield return (conversation, broken ? null : stopped ? FinishReason.Stop : FinishReason.Length);
        }
    }

    /// <summary>Whether the last token is one that ends an answer.</summary>
    public bool Stopped(ActiveConversation conversation) => stopIds.Contains(conversation.Ids[^1]);

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private void Prefill(IReadOnlyList<ActiveConversation> arrivals, int longest)
    {
        using var part = Profile.Of("prefill");
        int firstSlot = _active.Count;
        using (no_grad()) _cache.Reserve(firstSlot + arrivals.Count, longest + 1, Most(arrivals));
        var parts = observe is null ? SideBySide.Halves(arrivals, c => c.Length, model.Parts) : [arrivals];   // who looks on sees all
        SideBySide.Run(parts.Length, turn => Read(parts[turn.Index], firstSlot + turn.Index * parts[0].Count));
    }

    private void Read(IReadOnlyList<ActiveConversation> arrivals, int firstSlot)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([.. arrivals.Select(c => c.Prompt)], model.Device);
        long[] rows = [.. arrivals.Index().SelectMany(c => Rows((long)(firstSlot + c.Index) * _cache.Capacity, c.Item.Length))];
        long end = 0;
        long[] last = [.. arrivals.Select(c => (end += c.Length) - 1)];
        Tensor[] sent = Upload.Together(model.Device, rows, last);
        var (x, pass) = model.Embed(batch, new CacheRows(_cache, sent[0]), observe);
        using (pass)
        {
            Tensor hidden = model.Hidden(x, pass);
            Choose(model.Logits(hidden.index_select(0, sent[1])), arrivals);
        }
    }

    private void Step()
    {
        using var part = Profile.Of("step");
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        int longest = _active.Max(c => c.Length) + 1;
        _cache.Reserve(_active.Count, longest, Most(_active));
        int[] ids = [.. _active.Select(c => c.Ids[^1])], positions = [.. _active.Select(c => c.NextPosition)];
        int[] lengths = [.. _active.Select(c => c.Length)];
        foreach (var conversation in _active) conversation.Advance();
        var (x, pass) = model.EmbedStep(ids, positions, lengths, _cache);
        using (pass) Choose(model.Logits(model.Hidden(x, pass)), _active);
    }

    private void Choose(Tensor logits, IReadOnlyList<ActiveConversation> conversations)
    {
        observe?.Invoke(Generator.Logits, logits);
        TokenChoice.Add(logits, conversations, model);
    }

    /// <summary>Tokens that the longest of some conversations can come to.</summary>
    private static int Most(IReadOnlyList<ActiveConversation> conversations) =>
        (int)Math.Min(int.MaxValue, conversations.Max(c => c.Most));

    private static IEnumerable<long> Rows(long first, int count) => Enumerable.Range(0, count).Select(t => first + t);
}
