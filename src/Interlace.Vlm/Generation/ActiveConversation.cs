using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>A conversation in flight: its prompt, its answer so far, and the state of its sampling.</summary>
internal sealed class ActiveConversation(int index, EncodedSample prompt, ulong seed)
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
