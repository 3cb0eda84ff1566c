using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary><c>POST /v1/chat/completions</c>: a conversation in, an answer out, whole or as it comes.</summary>
/// <param name="models">The models.</param>
/// <param name="generator">What answers, model by model in the same order.</param>
/// <param name="options">The server's bounds.</param>
/// <param name="metrics">What is counted.</param>
/// <param name="clock">What time it is.</param>
internal sealed class Completions(IReadOnlyList<ServedModel> models, ContinuousGenerator generator, ServerOptions options,
    ServerMetrics metrics, TimeProvider clock) : IDisposable
{
    private const int RetryAfterSeconds = 1;
    private readonly ImageSource _images = new(options);
    private readonly SemaphoreSlim _door = new(models.Count * (options.Slots + options.MaxQueue));
    private long _count, _drawn;

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cancellation">The caller has left, or the server is ending.</param>
    /// <exception cref="RequestException">The request is refused.</exception>
    public async Task Answer(HttpContext context, CancellationToken cancellation)
    {
        long begun = Stopwatch.GetTimestamp();
        RequestBody.CheckJson(context.Request);
        // Whoever is let in may take memory for a body: no more of them than can be answered or may wait.
        if (!_door.Wait(0, CancellationToken.None)) throw RequestException.Busy(RetryAfterSeconds);
        try
        {
            await Answer(context, begun, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _door.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _images.Dispose();
        _door.Dispose();
    }

    private async Task Answer(HttpContext context, long begun, CancellationToken cancellation)
    {
        var request = ChatRequestReader.Read((await RequestBody.Read(context.Request, options.MaxRequestBytes, cancellation)
            .ConfigureAwait(false)).Span);
        int place = Enumerable.Range(0, models.Count).FirstOrDefault(i => models[i].Name == request.Model, -1);
        if (place < 0)
        {
            throw new RequestException(404, "There is no model of this name here: choose "
                + $"{string.Join(" or ", models.Select(model => $"'{model.Name}'"))}.", "model", "model_not_found");
        }
        var served = models[place];
        var prompt = await Encode(served.Loaded.Processor, request, cancellation).ConfigureAwait(false);
        request = Bounded(request, prompt.Length, served);
        var answering = Answering.Begin(generator, place, served.Loaded.Processor, prompt, request, begun, cancellation)
            ?? throw RequestException.Busy(RetryAfterSeconds);
        var reply = new CompletionJson($"chatcmpl-{Interlocked.Increment(ref _count):d8}", clock.GetUtcNow().ToUnixTimeSeconds(),
            served.Name, prompt.Length);
        if (request.Stream) await Stream(context, answering, reply, request.IncludeUsage, cancellation).ConfigureAwait(false);
        else await Send(context, answering, reply, cancellation).ConfigureAwait(false);
        var whole = await answering.Whole.ConfigureAwait(false);
        if (answering.FirstToken is { } first) metrics.FirstToken(served.Name, first);
        metrics.Answer(served.Name, prompt.Length, whole.Ids.Length, Stopwatch.GetElapsedTime(begun));
    }

    /// <summary>The prompt. Its images are decoded one after the other, and not by the thread that decodes tokens.</summary>
    private async Task<EncodedSample> Encode(Processor processor, ChatRequest request, CancellationToken cancellation)
    {
        var images = new List<VisualInput>();
        foreach (var (i, url) in request.Images.Index())
        {
            string name = $"Image {i + 1} of the conversation";
            byte[] bytes = await _images.Bytes(url, name, cancellation).ConfigureAwait(false);
            images.Add(Checked(() => ImageDecoder.Decode(bytes, name, ImageDecoding.Oriented,
                image => processor.Prepare(image, request.Images.Count))));
        }
        return Checked(() => processor.EncodePrepared(request.Messages, images, addGenerationPrompt: true));
    }

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InputException e)
        {
            throw new RequestException(400, e.Message, "messages", "invalid_value");
        }
    }

    /// <summary>The request with a bound of tokens: its own, else the server's as far as there is room.</summary>
    private ChatRequest Bounded(ChatRequest request, int promptTokens, ServedModel served)
    {
        int context = Math.Min(options.MaxContext, served.ContextLength ?? int.MaxValue), room = context - promptTokens;
        int wanted = request.NamesLength ? request.Options.MaxNewTokens : Math.Min(options.MaxNewTokens, Math.Max(1, room));
        if (wanted > room)
        {
            throw new RequestException(400, $"The prompt has {promptTokens} tokens and {wanted} may follow, but prompt and answer together "
                + $"may have {context}: shorten the prompt, or ask for less.", request.NamesLength ? "max_tokens" : "messages",
                "context_length_exceeded");
        }
        Checked(() =>
        {
            served.Loaded.Model.CheckLength(promptTokens + wanted);
            return 0;
        });
        ulong seed = request.Options.Seed;
        return request with { Options = request.Options with { MaxNewTokens = wanted, Seed = request.NamesSeed ? seed : NextSeed() } };
    }

    /// <summary>Requests that name no seed get one each, so that the same question may be answered in different ways.</summary>
    private ulong NextSeed() => new SplitMix64((ulong)options.Seed ^ ((ulong)Interlocked.Increment(ref _drawn) << 32)).Next();

    private static async Task Send(HttpContext context, Answering answering, CompletionJson reply, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        await foreach (string piece in answering.Pieces.ConfigureAwait(false)) text.Append(piece);
        var whole = await answering.Whole.ConfigureAwait(false);
        await Replies.Json(context, 200, reply.Whole(text.ToString(), whole), cancellation).ConfigureAwait(false);
    }

    private static async Task Stream(HttpContext context, Answering answering, CompletionJson reply, bool includeUsage,
        CancellationToken cancellation)
    {
        var events = new EventStream(context.Response, cancellation);
        await events.Begin().ConfigureAwait(false);
        await events.Send(reply.First(includeUsage)).ConfigureAwait(false);
        await foreach (string piece in answering.Pieces.ConfigureAwait(false))
            await events.Send(reply.Piece(piece, includeUsage)).ConfigureAwait(false);
        var whole = await answering.Whole.ConfigureAwait(false);
        await events.Send(reply.Last(whole, includeUsage)).ConfigureAwait(false);
        if (includeUsage) await events.Send(reply.Usage(whole)).ConfigureAwait(false);
        await events.End().ConfigureAwait(false);
    }
}
