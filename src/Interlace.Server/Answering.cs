using System.Diagnostics;
using System.Threading.Channels;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;

namespace Interlace.Server;

/// <summary>An answer in the making: its text piece by piece, and what there is to say of it at the end.</summary>
internal sealed class Answering
{
    private readonly Channel<string> _pieces = Channel.CreateUnbounded<string>(new() { SingleReader = true, SingleWriter = true });
    private readonly AnswerText _text;
    private readonly long _begun;
    private Task<Generated> _whole = null!;

    private Answering(AnswerText text, long begun) => (_text, _begun) = (text, begun);

    /// <summary>Its text as it comes; ends with the answer, whole or not.</summary>
    public IAsyncEnumerable<string> Pieces => _pieces.Reader.ReadAllAsync(CancellationToken.None);

    /// <summary>From the request's arrival to the first token; null before it.</summary>
    public TimeSpan? FirstToken { get; private set; }

    /// <summary>What was generated, behind the last piece.</summary>
    /// <exception cref="OperationCanceledException">The caller has left, or the server is ending.</exception>
    public Task<Generated> Whole => _whole;

    /// <summary>Asks a model; null where too many wait for it.</summary>
    /// <param name="generator">Where the models are.</param>
    /// <param name="model">0-based place of the model.</param>
    /// <param name="processor">The model's processor.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="request">How it is answered.</param>
    /// <param name="begun">When the request arrived.</param>
    /// <param name="cancellation">The caller has left, or the server is ending.</param>
    public static Answering? Begin(ContinuousGenerator generator, int model, Processor processor, EncodedSample prompt,
        ChatRequest request, long begun, CancellationToken cancellation)
    {
        var answering = new Answering(new(processor, request.Stops), begun);
        if (generator.Ask(model, prompt, request.Options, answering.Hear, cancellation) is not { } whole) return null;
        answering._whole = answering.Ended(whole);
        return answering;
    }

    /// <summary>A further token, on the decoding thread; false where nothing more is wanted.</summary>
    private bool Hear(int id)
    {
        FirstToken ??= Stopwatch.GetElapsedTime(_begun);
        Send(_text.Add(id));
        return !_text.IsStopped;
    }

    private async Task<Generated> Ended(Task<Generated> whole)
    {
        try
        {
            var generated = await whole.ConfigureAwait(false);
            Send(_text.End());
            return generated;
        }
        finally
        {
            _pieces.Writer.Complete();
        }
    }

    private void Send(string piece)
    {
        if (piece.Length > 0) _pieces.Writer.TryWrite(piece);
    }
}
