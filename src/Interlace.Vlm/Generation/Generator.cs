using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>
/// Batched decoding with a cache of prompts that are known beforehand: conversations of different lengths share every step, and a finished
/// one's place is taken at once by the next prompt. An answer does not depend on what else is in the batch, but for the rounding of the
/// kernels that a batch may choose.
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
        using var batch = new DecodingBatch(model, stopIds, options.Slots, options.PrefillTokens, Observe);
        using var source = prompts.GetEnumerator();
        int next = 0;
        bool more = source.MoveNext();
        while (more || batch.Active.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var room = batch.NewRoom();
            var arrivals = new List<ActiveConversation>();
            for (; more && room.Takes(source.Current.Length); more = source.MoveNext(), next++)
                arrivals.Add(new ActiveConversation(next, source.Current, options, seedOf?.Invoke(next) ?? options.SeedOf(next)));
            foreach (var conversation in batch.Turn(arrivals, room))
            {
                if (conversation.Fault is { } fault) throw fault;
                onToken?.Invoke(conversation.Index, conversation.Ids[^1]);
            }
            Generated[] answers = [.. batch.Retire().Select(over => over.Conversation.Answer(over.Reason!.Value))];
            if (answers.Length > 0) model.CheckUnchanged();
            foreach (var answer in answers) yield return answer;
        }
    }
}
