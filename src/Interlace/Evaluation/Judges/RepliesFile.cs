using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// A judge's replies as JSON lines that are only ever added, found again by the hash of the question and the number of the attempt. A line that an interruption cut off is dropped.
/// Safe for use by several threads at once.
/// </summary>
public sealed class RepliesFile : IDisposable
{
    /// <summary>The usual name, beside the predictions' folder.</summary>
    public const string Name = "judge.jsonl";

    private readonly FileStream? _file;
    private readonly Dictionary<(string Sha256, int Attempt), string> _replies = [];
    private readonly SortedSet<string> _models = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private RepliesFile(FileStream file, bool mayAdd)
    {
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        int kept = 0;
        for (int end; (end = Array.IndexOf(bytes, (byte)'\n', kept)) >= 0; kept = end + 1)
            Keep(Parse(bytes.AsSpan(kept, end - kept), file.Name));
        if (!mayAdd)
        {
            if (bytes.AsSpan(kept).ContainsAnyExcept((byte)' ', (byte)'\r')) Keep(Parse(bytes.AsSpan(kept), file.Name));
            return;
        }
        file.SetLength(kept);
        file.Position = kept;
        _file = file;
    }

    /// <summary>The models whose replies it holds, sorted.</summary>
    public IReadOnlyCollection<string> Models => _models;

    /// <summary>Opens a file to add to.</summary>
    /// <exception cref="InputException">It holds something else.</exception>
    public static RepliesFile Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            return new(file, mayAdd: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a file of recorded replies.</summary>
    /// <exception cref="InputException">It is absent or holds something else.</exception>
    public static RepliesFile Read(string path)
    {
        if (!File.Exists(path)) throw new InputException($"There is no file of recorded replies at {path}.");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return new(file, mayAdd: false);
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
            _file!.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, ReplyJson.Readable.RecordedReply), (byte)'\n']);
            _file.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private void Keep(RecordedReply reply)
    {
        _models.Add(reply.Model);
        _replies.TryAdd((reply.Sha256, reply.Attempt), reply.Reply);
    }

    private static RecordedReply Parse(ReadOnlySpan<byte> line, string path)
    {
        try
        {
            return StrictJson.Parse(line, ReplyJson.Readable.RecordedReply);
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} is no file of a judge's replies: {e.Message}", e);
        }
    }
}

/// <summary>One line of a <see cref="RepliesFile"/>.</summary>
internal sealed record RecordedReply(string Model, string Sha256, int Attempt, double Temperature, string Reply);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RecordedReply))]
internal sealed partial class ReplyJson : JsonSerializerContext
{
    public static ReplyJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });
}
