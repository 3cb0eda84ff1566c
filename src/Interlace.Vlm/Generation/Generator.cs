using System.Diagnostics;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Generation;

/// <summary>
/// Batched decoding with a cache: conversations of different lengths share every step, and a finished one's place is taken at once by the
/// next prompt. An answer does not depend on what else is in the batch, but for the rounding of the kernels that a batch may choose.
/// </summary>
public sealed class Generator(VisionLanguageModel model, GenerationOptions options, IReadOnlyCollection<int> stopIds)
{
    /// <summary>What an observer is shown before each choice of tokens.</summary>
    public const string Logits = "logits";

    /// <summary>
    /// Is shown what the vision tower shows of every prompt, and <see cref="Logits"/>: where a clock can be read between the stages.
    /// </summary>
    public Observer? Observe { get; init; }

    /// <summary>Answers in the order in which they end.</summary>
    /// <param name="prompts">Prompts, each ending where the answer begins; read ahead only as far as places are free.</param>
    /// <param name="onToken">Called with a prompt's index and each token of its answer as it comes.</param>
    /// <param name="seedOf">
    /// The seed of the prompt of an index, asked once when the prompt has been read: an answer then depends on its seed alone
    /// and not on its place. Where absent, it is made from the seed of the options and the index.
    /// </param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <exception cref="NotANumberException">Logits are no numbers.</exception>
    /// <exception cref="InputException">The model's files changed while it answered.</exception>
    public IEnumerable<Generated> Run(
        IEnumerable<EncodedSample> prompts, Action<int, int>? onToken = null, Func<int, ulong>? seedOf = null,
        CancellationToken cancellation = default)
    {
        using var cache = model.NewCache(options.Slots);
        using var source = prompts.GetEnumerator();
        var active = new List<ActiveConversation>();   // conversation i owns slot i of the cache
        int next = 0;
        bool more = source.MoveNext();
        while (more || active.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var arrivals = new List<ActiveConversation>();
            int longest = active.Select(c => c.Length).DefaultIfEmpty(0).Max();
            bool Fits(int length) => active.Count + arrivals.Count < cache.SlotsFor(Math.Max(longest, length) + 1)
                || active.Count + arrivals.Count == 0;
            for (int tokens = 0; more && Fits(source.Current.Length)
                && (arrivals.Count == 0 || tokens + source.Current.Length <= options.PrefillTokens); more = source.MoveNext())
            {
                tokens += source.Current.Length;
                longest = Math.Max(longest, source.Current.Length);
                ulong seed = seedOf?.Invoke(next) ?? options.Seed ^ (0x9E3779B97F4A7C15 * ((ulong)next + 1));
                arrivals.Add(new ActiveConversation(next, source.Current, seed));
                next++;
            }
            long begun = Stopwatch.GetTimestamp();   // both end with token ids on the CPU: the device is done by then
            if (arrivals.Count > 0) Prefill(cache, active.Count, arrivals, longest);
            else Step(cache, active);
            Share(Stopwatch.GetElapsedTime(begun), arrivals, active);
            foreach (var conversation in arrivals.Count > 0 ? arrivals : active) onToken?.Invoke(conversation.Index, conversation.Ids[^1]);
            active.AddRange(arrivals);
            Generated[] answers = [.. Retire(cache, active)];
            if (answers.Length > 0) model.CheckUnchanged();
            foreach (var answer in answers) yield return answer;
        }
    }

    private void Prefill(KvCache cache, int firstSlot, List<ActiveConversation> arrivals, int longest)
    {
        using var part = Profile.Of("prefill");
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        cache.Reserve(firstSlot + arrivals.Count, longest + 1, Most(arrivals));
        using var batch = Batch.Pack([.. arrivals.Select(c => c.Prompt)], model.Device);
        long[] rows = [.. arrivals.Index().SelectMany(c => Rows((long)(firstSlot + c.Index) * cache.Capacity, c.Item.Length))];
        long end = 0;
        long[] last = [.. arrivals.Select(c => (end += c.Length) - 1)];
        Tensor[] sent = Upload.Together(model.Device, rows, last);
        var (x, pass) = model.Embed(batch, new CacheRows(cache, sent[0]), Observe);
        using (pass)
        {
            Tensor hidden = model.Hidden(x, pass);
            Choose(model.Logits(hidden.index_select(0, sent[1])), arrivals);
        }
    }

    private void Step(KvCache cache, List<ActiveConversation> active)
    {
        using var part = Profile.Of("step");
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        int longest = active.Max(c => c.Length) + 1;
        cache.Reserve(active.Count, longest, Most(active));
        int[] ids = [.. active.Select(c => c.Ids[^1])], positions = [.. active.Select(c => c.NextPosition)];
        int[] lengths = [.. active.Select(c => c.Length)];
        foreach (var conversation in active) conversation.Advance();
        var (x, pass) = model.EmbedStep(ids, positions, lengths, cache);
        using (pass) Choose(model.Logits(model.Hidden(x, pass)), active);
    }

    /// <summary>Tokens that the longest of some conversations can come to.</summary>
    private int Most(List<ActiveConversation> conversations) =>
        (int)Math.Min(int.MaxValue, conversations.Max(c => (long)c.Prompt.Length) + options.MaxNewTokens);

    private static IEnumerable<long> Rows(long first, int count) => Enumerable.Range(0, count).Select(t => first + t);

    private void Choose(Tensor logits, List<ActiveConversation> conversations)
    {
        using var part = Profile.Of("choose");
        Observe?.Invoke(Logits, logits);
        if (options is { Temperature: 0, PresencePenalty: 0, RepetitionPenalty: 1 }) ChooseLargest(logits, conversations);
        else if (model.Device.type != DeviceType.CPU && ChooseAmongFew(logits, conversations)) return;
        else ChooseAmongAll(logits, conversations);
    }

    private void ChooseLargest(Tensor logits, List<ActiveConversation> conversations)
    {
        Tensor finite = logits.amax([-1]).isfinite();
        long[] read = stack([logits.argmax(-1), finite.to(ScalarType.Int64)]).cpu().data<long>().ToArray();   // one way for both
        int count = conversations.Count;
        CheckNumbers(Array.ConvertAll(read[count..], number => number != 0), conversations);
        for (int i = 0; i < count; i++) conversations[i].Add((int)read[i]);
    }

    /// <summary>Where the tokens that can be chosen are few: the others stay on the device.</summary>
    private bool ChooseAmongFew(Tensor logits, List<ActiveConversation> conversations)
    {
        int[][] penalised = [.. conversations.Select(c => Sampling.Penalised(options, c.Asked, c.Answered))];
        if (Candidates.Count(options, penalised.Max(ids => ids.Length)) is not { } count || count > logits.shape[1] / 4) return false;
        var few = Candidates.Of(logits, count, penalised);
        CheckNumbers([.. few.Select(row => row.IsFinite)], conversations);
        foreach (var (i, (ids, values, _)) in few.Index())
        {
            var conversation = conversations[i];
            conversation.Add(Sampling.ChooseAmong(ids, values, options, conversation.Asked, conversation.Answered,
                ref conversation.Random));
        }
        return true;
    }

    private void ChooseAmongAll(Tensor logits, List<ActiveConversation> conversations)
    {
        CheckNumbers(logits.amax([-1]).isfinite().cpu().data<bool>().ToArray(), conversations);
        float[] all = logits.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        int size = all.Length / conversations.Count;
        for (int i = 0; i < conversations.Count; i++)
            conversations[i].Add(Sampling.Choose(all.AsSpan(i * size, size), options, conversations[i].Asked, conversations[i].Answered,
                ref conversations[i].Random));
    }

    /// <summary>The largest of a row is a number only where none is NaN or positive infinity.</summary>
    private void CheckNumbers(bool[] largestIsFinite, List<ActiveConversation> conversations)
    {
        if (Array.IndexOf(largestIsFinite, false) is not (>= 0 and int wrong)) return;
        using var batch = Batch.Pack([conversations[wrong].Prompt.Followed(conversations[wrong].Ids)], model.Device);
        throw FiniteValues.Refusal("The logits are no numbers", model, batch);
    }

    private static void Share(TimeSpan time, List<ActiveConversation> arrivals, List<ActiveConversation> active)
    {
        double tokens = arrivals.Sum(c => c.Length);
        foreach (var conversation in arrivals) conversation.Prefill = time * (conversation.Length / tokens);
        if (arrivals.Count == 0)
            foreach (var conversation in active) conversation.Decoding += time / active.Count;
    }

    private IEnumerable<Generated> Retire(KvCache cache, List<ActiveConversation> active)
    {
        for (int slot = active.Count - 1; slot >= 0; slot--)
        {
            var conversation = active[slot];
            bool stopped = stopIds.Contains(conversation.Ids[^1]);
            if (!stopped && conversation.Ids.Count < options.MaxNewTokens) continue;
            int last = active.Count - 1;
            if (slot < last)
            {
                using var _ = no_grad();
                cache.Move(last, slot, active[last].Length);
                active[slot] = active[last];
            }
            active.RemoveAt(last);
            var reason = stopped ? FinishReason.Stop : FinishReason.Length;
            yield return new Generated(conversation.Index, [.. conversation.Ids], reason, conversation.Prefill, conversation.Decoding);
        }
    }
}
