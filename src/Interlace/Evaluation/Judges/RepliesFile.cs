using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// A judge's replies as JSON lines that are only ever added, found again by the hash of the question and the number of the attempt.
/// A line that an interruption cut off is dropped.
/// Safe for use by several threads at once.
/// </summary>
public sealed class RepliesFile : IDisposable
{
    /// <summary>The usual name, beside the predictions' folder.</summary>
    public const string Name = "judge.jsonl";

    private static readonly JsonLines<RecordedReply> Lines = new("a judge's replies");

    private readonly JsonLinesWriter<RecordedReply>? _file;   // null where nothing is added
    private readonly Dictionary<(string Sha256, int Attempt), string> _replies = [];
    private readonly SortedSet<string> _models = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private RepliesFile(IReadOnlyList<RecordedReply> found, JsonLinesWriter<RecordedReply>? file)
    {
        foreach (var reply in found) Keep(reply);
        _file = file;
    }

    /// <summary>The models whose replies it holds, sorted.</summary>
    public IReadOnlyCollection<string> Models => _models;

    /// <summary>Opens a file to add to.</summary>
    /// <exception cref="InputException">It holds something else.</exception>
    public static RepliesFile Open(string path)
    {
        var file = Lines.Open(path);
        return new(file.Found, file);
    }

    /// <summary>Reads a file of recorded replies.</summary>
    /// <exception cref="InputException">It is absent or holds something else.</exception>
    public static RepliesFile Read(string path)
    {
        UserFile.Check(path, $"There is no file of recorded replies at {path}.");
        return new(Lines.Read(path), null);
    }

    /// <summary>The reply to a question, or null where it was not asked yet.</summary>
    public string? Find(string sha256, int attempt)
    {
        lock (_lock) return _replies.GetValueOrDefault((sha256, attempt));
    }

    /// <summary>Adds a reply.</summary>
    public void Add(string model, string sha256, JudgeRequest request, string reply)
    {
        var line = new RecordedReply(model, sha256, request.Attempt, request.Temperature, reply);
        lock (_lock)
        {
            Keep(line);
            _file!.Add(line);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Keep(RecordedReply reply)
    {
        _models.Add(reply.Model);
        _replies.TryAdd((reply.Sha256, reply.Attempt), reply.Reply);
    }
}
