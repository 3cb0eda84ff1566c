using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>A conversation in flight: its prompt, how it is answered, its answer so far, and the state of its sampling.</summary>
internal class ActiveConversation(int index, EncodedSample prompt, GenerationOptions options, ulong seed)
{
    public int Index { get; } = index;
    public EncodedSample Prompt { get; } = prompt;
    public GenerationOptions Options { get; } = options;
    public List<int> Ids { get; } = [];
    public HashSet<int> Asked => _asked ??= [.. Prompt.Ids];              // distinct tokens of the prompt
    public HashSet<int> Answered { get; } = [];                           // and of the answer so far
    public int Length { get; private set; } = prompt.Length;              // tokens in the cache
    public int NextPosition { get; private set; } = prompt.NextPosition;
    public long Most => (long)Prompt.Length + Options.MaxNewTokens;       // tokens that it can come to
    public TimeSpan Prefill { get; set; }
    public TimeSpan Decoding { get; set; }
    public Exception? Fault { get; set; }                                 // why there can be no further token
    public SplitMix64 Random = new(seed);
    private HashSet<int>? _asked;

    /// <summary>Whoever asked wants no more of it.</summary>
    public virtual bool IsGivenUp => false;

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

    /// <summary>The answer as it stands.</summary>
    public Generated Answer(FinishReason reason) => new(Index, [.. Ids], reason, Prefill, Decoding);
}
