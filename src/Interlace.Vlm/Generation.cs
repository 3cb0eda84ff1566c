using System.Diagnostics;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>How answers are generated. The defaults are greedy decoding.</summary>
/// <param name="MaxNewTokens">At most this many tokens an answer.</param>
/// <param name="Temperature">0 takes the likeliest token; else logits are divided by it before sampling.</param>
/// <param name="TopK">Only this many likeliest tokens are sampled from; 0 for all.</param>
/// <param name="TopP">Only the likeliest tokens that together reach this probability; 1 for all.</param>
/// <param name="PresencePenalty">Subtracted once from the logit of every token already generated (vLLM's meaning: prompt tokens do not count).</param>
/// <param name="RepetitionPenalty">Logits of tokens of the prompt and the answer are divided by it if positive, else multiplied (Hugging Face's meaning).</param>
/// <param name="Seed">Seed of sampling; each sample draws from its own sequence, so that batching changes nothing.</param>
/// <param name="Slots">Conversations in flight at once.</param>
/// <param name="PrefillTokens">At most this many prompt tokens are read in one pass (a longer prompt stands alone).</param>
public sealed record GenerationOptions(
    int MaxNewTokens = 256, double Temperature = 0, int TopK = 0, double TopP = 1, double PresencePenalty = 0, double RepetitionPenalty = 1, ulong Seed = 0, int Slots = 16, int PrefillTokens = 8192)
{
    /// <summary>The settings that have a name: greedy, and qwen, which is what Qwen publishes for its instruction-tuned models.</summary>
    public static IReadOnlyDictionary<string, GenerationOptions> Presets { get; } = new Dictionary<string, GenerationOptions>(StringComparer.Ordinal)
    {
        ["greedy"] = new(),
        ["qwen"] = new(Temperature: 0.7, TopK: 20, TopP: 0.8, PresencePenalty: 1.5),
    };

    /// <summary>The settings of a name.</summary>
    /// <exception cref="InputException">There are none of this name.</exception>
    public static GenerationOptions Preset(string name) => Presets.TryGetValue(name, out var preset) ? preset
        : throw new InputException($"The sampling is '{name}', expected {string.Join(" or ", Presets.Keys)}.");
}

/// <summary>Why an answer ended.</summary>
public enum FinishReason { Stop, Length }

/// <summary>One answer.</summary>
/// <param name="Index">0-based place of its prompt.</param>
/// <param name="Ids">Generated token ids; the stop token, where one was generated, is the last.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Prefill">Its share of the pass that read its prompt and chose its first token, vision tower included: the pass's time by prompt tokens.</param>
/// <param name="Decoding">Its share of the steps that it took part in: each step's time by conversations in flight. Over all answers the two add up to the time that the model was at work.</param>
public sealed record Generated(int Index, int[] Ids, FinishReason Reason, TimeSpan Prefill, TimeSpan Decoding);

/// <summary>
/// Batched decoding with a cache: conversations of different lengths share every step, and a finished one's place is taken at once by the next prompt.
/// An answer does not depend on what else is in the batch, but for the rounding of the kernels that a batch may choose.
/// </summary>
public sealed class Generator(VisionLanguageModel model, GenerationOptions options, IReadOnlyCollection<int> stopIds)
{
    /// <summary>What an observer is shown before each choice of tokens.</summary>
    public const string Logits = "logits";

    /// <summary>Is shown what the vision tower shows of every prompt, and <see cref="Logits"/>: where a clock can be read between the stages.</summary>
    public Observer? Observe { get; init; }

    /// <summary>Answers in the order in which they end.</summary>
    /// <param name="prompts">Prompts, each ending where the answer begins; read ahead only as far as places are free.</param>
    /// <param name="onToken">Called with a prompt's index and each token of its answer as it comes.</param>
    /// <param name="seedOf">
    /// The seed of the prompt of an index, asked once when the prompt has been read: an answer then depends on its seed alone and not on its place. Where absent, it is made from the seed of the options and the index.
    /// </param>
    /// <param name="cancellation">Ends the work between two steps.</param>
    /// <exception cref="NotANumberException">Logits are no numbers.</exception>
    /// <exception cref="InputException">The model's files changed while it answered.</exception>
    public IEnumerable<Generated> Run(IEnumerable<EncodedSample> prompts, Action<int, int>? onToken = null, Func<int, ulong>? seedOf = null, CancellationToken cancellation = default)
    {
        using var cache = model.NewCache(options.Slots);
        using var source = prompts.GetEnumerator();
        var active = new List<Conversation>();   // conversation i owns slot i of the cache
        int next = 0;
        bool more = source.MoveNext();
        while (more || active.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var arrivals = new List<Conversation>();
            int longest = active.Select(c => c.Length).DefaultIfEmpty(0).Max();
            bool Fits(int length) => active.Count + arrivals.Count < cache.SlotsFor(Math.Max(longest, length) + 1)
                || active.Count + arrivals.Count == 0;
            for (int tokens = 0; more && Fits(source.Current.Length)
                && (arrivals.Count == 0 || tokens + source.Current.Length <= options.PrefillTokens); more = source.MoveNext())
            {
                tokens += source.Current.Length;
                longest = Math.Max(longest, source.Current.Length);
                arrivals.Add(new Conversation(next, source.Current, seedOf?.Invoke(next) ?? options.Seed ^ (0x9E3779B97F4A7C15 * ((ulong)next + 1))));
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

    private void Prefill(KvCache cache, int firstSlot, List<Conversation> arrivals, int longest)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        cache.Reserve(firstSlot + arrivals.Count, longest + 1);
        using var batch = Batch.Pack([.. arrivals.Select(c => c.Prompt)], model.Device);
        long[] rows = [.. arrivals.Index().SelectMany(c => Enumerable.Range(0, c.Item.Length).Select(t => (long)(firstSlot + c.Index) * cache.Capacity + t))];
        var (x, inputs) = model.Embed(batch, new CacheUse(cache, tensor(rows, device: model.Device), null), Observe);
        using (inputs)
        {
            Tensor hidden = model.Hidden(x, inputs);
            long end = 0;
            long[] last = [.. arrivals.Select(c => (end += c.Length) - 1)];
            Choose(model.Logits(hidden.index_select(0, tensor(last, device: model.Device))), arrivals);
        }
    }

    private void Step(KvCache cache, List<Conversation> active)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        int longest = active.Max(c => c.Length) + 1;
        cache.Reserve(active.Count, longest);
        long[] rows = [.. active.Select((c, slot) => (long)slot * cache.Capacity + c.Length)];
        Tensor lengths = tensor(active.Select(c => (long)c.Length).ToArray(), device: model.Device).view(-1, 1, 1, 1);
        // In the type of the scores: the engine would turn truth values into these numbers again in every layer. (-1e30 weighs exactly 0 after the softmax.)
        Tensor mask = Arithmetic.Range(longest, model.Device).view(1, 1, 1, -1).gt(lengths).to(model.ComputeType).Times(-1e30);
        int[] ids = [.. active.Select(c => c.Ids[^1])], positions = [.. active.Select(c => c.NextPosition)];
        foreach (var conversation in active) conversation.Advance();
        var (x, inputs) = model.EmbedStep(ids, positions, new CacheUse(cache, tensor(rows, device: model.Device), mask));
        using (inputs) Choose(model.Logits(model.Hidden(x, inputs)), active);
    }

    private void Choose(Tensor logits, List<Conversation> conversations)
    {
        Observe?.Invoke(Logits, logits);
        CheckNumbers(logits, conversations);
        if (options is { Temperature: 0, PresencePenalty: 0, RepetitionPenalty: 1 })
        {
            long[] best = logits.argmax(-1).cpu().data<long>().ToArray();
            for (int i = 0; i < conversations.Count; i++) conversations[i].Add((int)best[i]);
            return;
        }
        float[] all = logits.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        int size = all.Length / conversations.Count;
        for (int i = 0; i < conversations.Count; i++)
            conversations[i].Add(Sampling.Choose(all.AsSpan(i * size, size), options, conversations[i].Asked, conversations[i].Answered,
                ref conversations[i].Random));
    }

    /// <summary>The largest of a row is a number only where none is NaN or positive infinity.</summary>
    private void CheckNumbers(Tensor logits, List<Conversation> conversations)
    {
        float[] largest = logits.amax([-1]).to(ScalarType.Float32).cpu().data<float>().ToArray();
        if (Array.FindIndex(largest, value => !float.IsFinite(value)) is not (>= 0 and int wrong)) return;
        using var batch = Batch.Pack([conversations[wrong].Prompt.Followed(conversations[wrong].Ids)], model.Device);
        throw FiniteValues.Refusal("The logits are no numbers", model, batch);
    }

    private static void Share(TimeSpan time, List<Conversation> arrivals, List<Conversation> active)
    {
        double tokens = arrivals.Sum(c => c.Length);
        foreach (var conversation in arrivals) conversation.Prefill = time * (conversation.Length / tokens);
        if (arrivals.Count == 0)
            foreach (var conversation in active) conversation.Decoding += time / active.Count;
    }

    private IEnumerable<Generated> Retire(KvCache cache, List<Conversation> active)
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
            yield return new Generated(conversation.Index, [.. conversation.Ids], stopped ? FinishReason.Stop : FinishReason.Length, conversation.Prefill, conversation.Decoding);
        }
    }

    private sealed class Conversation(int index, EncodedSample prompt, ulong seed)
    {
        public int Index { get; } = index;
        public EncodedSample Prompt { get; } = prompt;
        public List<int> Ids { get; } = [];
        public HashSet<int> Asked => _asked ??= [.. Prompt.Ids];              // distinct tokens of the prompt
        public HashSet<int> Answered { get; } = [];                           // and of the answer so far
        public int Length { get; private set; } = prompt.Length;              // tokens in the cache
        public int NextPosition { get; private set; } = prompt.NextPosition;
        public TimeSpan Prefill { get; set; }
        public TimeSpan Decoding { get; set; }
        public SplitMix64 Random = new(seed);
        private HashSet<int>? _asked;

        public void Add(int id)
        {
            Ids.Add(id);
            Answered.Add(id);
        }

        public void Advance()
        {
            Length++;
            NextPosition++;
        }
    }
}
