using System.Collections.Concurrent;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// Replies that were recorded, and behind them a judge for what was not asked yet.
/// The judge is tried with one greeting before its first real question, so that scoring again needs neither
/// network nor key. When it has failed <see cref="MostFailures"/> calls in a row for reasons of its own, it is not asked again.
/// </summary>
public sealed class RecordingJudge : IJudge, IDisposable
{
    /// <summary>Calls in a row, each with all its retries, after whose failure nothing more is asked.</summary>
    public const int MostFailures = 5;

    private readonly EndpointJudge? _endpoint;
    private readonly RepliesFile _replies;
    private readonly ConcurrentDictionary<(string Sha256, int Attempt), Lazy<Task<JudgeReply>>> _asked = new();
    private readonly Lazy<Task<JudgeReply>> _trial;
    private readonly Lock _counting = new();
    private int _failures;   // in a row

    private RecordingJudge(string model, EndpointJudge? endpoint, RepliesFile replies, Action<string>? log, CancellationToken cancellation)
    {
        (Model, _endpoint, _replies) = (model, endpoint, replies);
        _trial = new(() =>
        {
            log?.Invoke(endpoint!.Introduction);
            return endpoint!.Ask(new("hello", []), cancellation);
        });
    }

    /// <inheritdoc/>
    public string Model { get; }

    /// <summary>Why nothing more is asked; null as long as the judge serves.</summary>
    public string? Outage { get; private set; }

    /// <summary>The judge that an experiment names; null for none.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="replies">Where an endpoint's replies are kept, and where replay looks if the settings name no file.</param>
    /// <param name="pause">The first pause between two tries of an endpoint, one second where absent.</param>
    /// <param name="log">Gets a line before the first question: where it goes and with which key.</param>
    /// <param name="cancellation">Ends the trial early.</param>
    /// <exception cref="InputException">The settings are incomplete, or the replies are absent or wrong.</exception>
    public static RecordingJudge? Open(EvaluationOptions options, string replies, TimeSpan? pause = null, Action<string>? log = null,
        CancellationToken cancellation = default)
    {
        switch (options.Judge)
        {
            case "endpoint":
                EndpointJudge endpoint = new(options, pause);
                try
                {
                    return new(endpoint.Model, endpoint, RepliesFile.Open(replies), log, cancellation);
                }
                catch
                {
                    endpoint.Dispose();
                    throw;
                }
            case "replay":
                string path = options.JudgeReplies ?? replies;
                var file = RepliesFile.Read(path);
                string model = options.JudgeModel ?? (file.Models.Count == 1 ? file.Models.Single()
                    : throw new InputException($"{path} holds replies of "
                        + $"{(file.Models.Count == 0 ? "no model" : string.Join(", ", file.Models))}: "
                        + "name one with evaluate.judge_model."));
                return new(model, null, file, null, cancellation);
            default:
                return null;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="JudgeUnavailableException">The judge did not pass its trial.</exception>
    public Task<JudgeReply> Ask(JudgeRequest request, CancellationToken cancellation)
    {
        string hash = request.Sha256(Model);
        // Rows that ask the same share one reply, in flight as well.
        return _asked.GetOrAdd((hash, request.Attempt), _ => new(() => Answer(hash, request, cancellation))).Value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _endpoint?.Dispose();
        _replies.Dispose();
    }

    private async Task<JudgeReply> Answer(string hash, JudgeRequest request, CancellationToken cancellation)
    {
        if (_replies.Find(hash, request.Attempt) is { } recorded) return new(recorded);
        if (_endpoint is null) return new(null, "there is no recorded reply");
        var trial = await _trial.Value.ConfigureAwait(false);
        if (trial.Text is null) throw new JudgeUnavailableException(trial.Failure!);
        if (Outage is { } outage) return new(null, outage, IsOutage: true);
        var reply = await _endpoint.Ask(request, cancellation).ConfigureAwait(false);
        Count(reply);
        if (reply.Text is { } text) _replies.Add(Model, hash, request, text);
        return reply;
    }

    private void Count(JudgeReply reply)
    {
        lock (_counting)
        {
            _failures = reply.IsOutage ? _failures + 1 : 0;
            if (_failures >= MostFailures) Outage ??= reply.Failure;
        }
    }
}
