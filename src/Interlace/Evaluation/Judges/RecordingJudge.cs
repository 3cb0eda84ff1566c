using System.Collections.Concurrent;
using Interlace.Vlm;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// Replies that were recorded, and behind them a judge for what was not asked yet. The judge is tried with one greeting before its first real question, so that scoring again needs neither
/// network nor key.
/// </summary>
public sealed class RecordingJudge : IJudge, IDisposable
{
    private readonly EndpointJudge? _endpoint;
    private readonly RepliesFile _replies;
    private readonly ConcurrentDictionary<(string Sha256, int Attempt), Lazy<Task<JudgeReply>>> _asked = new();
    private readonly Lazy<Task<JudgeReply>> _trial;

    private RecordingJudge(string model, EndpointJudge? endpoint, RepliesFile replies, CancellationToken cancellation)
    {
        (Model, _endpoint, _replies) = (model, endpoint, replies);
        _trial = new(() => endpoint!.Ask(new("hello", []), cancellation));
    }

    /// <inheritdoc/>
    public string Model { get; }

    /// <summary>The judge that an experiment names; null for none.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="replies">Where an endpoint's replies are kept, and where replay looks if the settings name no file.</param>
    /// <param name="cancellation">Ends the trial early.</param>
    /// <exception cref="InputException">The settings are incomplete, or the replies are absent or wrong.</exception>
    public static RecordingJudge? Open(EvaluationOptions options, string replies, CancellationToken cancellation = default)
    {
        switch (options.Judge)
        {
            case "endpoint":
                EndpointJudge endpoint = new(options);
                try
                {
                    return new(endpoint.Model, endpoint, RepliesFile.Open(replies), cancellation);
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
                    : throw new InputException($"{path} holds replies of {(file.Models.Count == 0 ? "no model" : string.Join(", ", file.Models))}: name one with evaluate.judge_model."));
                return new(model, null, file, cancellation);
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
        var reply = await _endpoint.Ask(request, cancellation).ConfigureAwait(false);
        if (reply.Text is { } text) _replies.Add(Model, hash, request, text);
        return reply;
    }
}
