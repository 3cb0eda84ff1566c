using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Training;

/// <summary>
/// The tokens that QwenLM's training script (<c>qwen-vl-finetune</c>, January 2026) takes the loss on, and the authors' with it:
/// behind each <c>assistant</c> one token is passed over; from there on everything up to and with the next <c>&lt;|im_end|&gt;</c>
/// and the one token behind it, as a rule the line feed. The word counts wherever it stands, in a user's text too;
/// the strict rule asks for <c>&lt;|im_start|&gt;</c> before it.
/// </summary>
internal sealed class AssistantTargets
{
    private readonly int[] _role;
    private readonly int _start, _end;
    private readonly bool _strict;

    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="strict">Whether the word counts only as the head of a turn.</param>
    /// <exception cref="InputException">The tokenizer lacks the marks of a turn.</exception>
    public AssistantTargets(Tokenizer tokenizer, bool strict)
    {
        int Mark(string mark) => tokenizer.Id(mark) ?? throw new InputException(
            $"finetune.train_on=assistant looks for {mark}, which this model's tokenizer does not know: set finetune.train_on=answers.");
        (_start, _end, _strict) = (Mark("<|im_start|>"), Mark("<|im_end|>"), strict);
        _role = tokenizer.Encode("assistant");
    }

    /// <summary>The sample with its targets marked.</summary>
    public EncodedSample Mark(EncodedSample sample)
    {
        int[] ids = sample.Ids;
        bool[] trained = new bool[ids.Length];
        for (int t = 0; t < ids.Length; t++)
        {
            if (!ids.AsSpan(t).StartsWith(_role) || _strict && (t == 0 || ids[t - 1] != _start)) continue;
            int first = t + _role.Length + 1;
            int end = first < ids.Length ? Array.IndexOf(ids, _end, first) : -1;
            if (end < 0) continue;
            for (int i = first; i <= end + 1 && i < ids.Length; i++) trained[i] = true;
            t = end;
        }
        return sample with { Trained = trained };
    }
}
