using Interlace.Vlm.Inputs;

namespace Interlace.Vlm.Generation;

/// <summary>A conversation that somebody waits for, and may leave.</summary>
/// <param name="prompt">The prompt.</param>
/// <param name="options">How it is answered.</param>
/// <param name="onToken">Is told each token but the one that stops, on the decoding thread; false ends the answer.</param>
/// <param name="cancellation">Whoever asked has left.</param>
internal sealed class AwaitedConversation(EncodedSample prompt, GenerationOptions options, Func<int, bool> onToken,
    CancellationToken cancellation) : ActiveConversation(0, prompt, options, options.SeedOf(0))
{
    private readonly TaskCompletionSource<Generated> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isEnough;

    public Task<Generated> Whole => _answer.Task;

    public override bool IsGivenUp => cancellation.IsCancellationRequested || _isEnough;

    /// <summary>Tells the last token to whoever waits. What goes wrong there is this conversation's fault alone.</summary>
    public void Tell()
    {
        try
        {
            _isEnough = !onToken(Ids[^1]);
        }
        catch (Exception e)
        {
            Fault = e;
        }
    }

    /// <summary>Gives whoever waits the answer, or why there is none.</summary>
    /// <param name="reason">Null where the conversation ended in another way than by a stop token or its length.</param>
    public void End(FinishReason? reason)
    {
        if (Fault is { } fault) _answer.TrySetException(fault);
        else if (reason is null && !_isEnough) _answer.TrySetCanceled(cancellation);
        else _answer.TrySetResult(Answer(reason ?? FinishReason.Stop));
    }

    /// <summary>Ends it without an answer.</summary>
    public void Fail(Exception why) => _answer.TrySetException(why);
}
