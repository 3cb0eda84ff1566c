using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Hub;

/// <summary>What was asked of the server.</summary>
/// <param name="OnStore">At the second host, where the contents of large files lie.</param>
/// <param name="Path">Path and query.</param>
/// <param name="Token">The header Authorization.</param>
/// <param name="Range">The header Range.</param>
internal sealed record HubRequest(bool OnStore, string Path, string? Token, string? Range);

/// <summary>What goes wrong with one answer.</summary>
/// <param name="Status">Another status, with no content.</param>
/// <param name="Headers">Lines of headers.</param>
/// <param name="CutAfter">The connection ends after so many bytes of the content.</param>
/// <param name="Spoilt">One byte of the content is another.</param>
/// <param name="IgnoresRange">The whole content comes, whatever part is asked for.</param>
/// <param name="Chunked">The content comes in chunks, without its length.</param>
/// <param name="Silent">Nothing comes for so long.</param>
/// <param name="Body">Another content.</param>
internal sealed record HubFault(int? Status = null, string Headers = "", int? CutAfter = null, bool Spoilt = false,
    bool IgnoresRange = false, bool Chunked = false, TimeSpan Silent = default, string? Body = null);

/// <summary>
/// A hub of models and data sets on this machine that speaks the hub's API as it is documented: revisions, trees in pages, contents with
/// their hashes, large ones by a redirect to another host. It counts what it sends and does wrong what a test wants.
/// </summary>
internal sealed class HubServer : IDisposable
{
    private readonly LoopbackServer _hub, _store;
    private readonly ConcurrentDictionary<string, Repository> _repositories = new(StringComparer.Ordinal);
    private long _sent;

    public HubServer()
    {
        _hub = new((request, stream, end) => Answer(request, stream, onStore: false, end));
        _store = new((request, stream, end) => Answer(request, stream, onStore: true, end));
    }

    public string Endpoint => _hub.Address;

    /// <summary>What is asked, in the order in which it came.</summary>
    public ConcurrentQueue<HubRequest> Requests { get; } = new();

    /// <summary>What goes wrong with a request; null where nothing does.</summary>
    public Func<HubRequest, HubFault?> Faults { get; set; } = _ => null;

    /// <summary>Bytes of contents of files that were sent.</summary>
    public long ContentSent => Interlocked.Read(ref _sent);

    /// <summary>Files in one page of a tree.</summary>
    public int PageFiles { get; set; } = 1000;

    /// <summary>Puts a repository there.</summary>
    /// <param name="kind">models or datasets.</param>
    /// <param name="id">ORG/NAME.</param>
    /// <param name="files">Its contents by path.</param>
    /// <param name="gated">Who may read it: everybody where null, else the bearer of a token.</param>
    /// <returns>Its commit.</returns>
    public string Add(string kind, string id, IReadOnlyDictionary<string, byte[]> files, string? gated = null)
    {
        string commit = Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1, Encoding.UTF8.GetBytes(
            id + string.Concat(files.Select(file => file.Key + Convert.ToHexString(SHA256.HashData(file.Value)))))));
        _repositories[$"{kind}/{id}"] = new(commit, files, gated);
        return commit;
    }

    /// <summary>The files of a folder by their paths in it.</summary>
    public static Dictionary<string, byte[]> FilesOf(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllBytes);

    public static string GitHash(byte[] content) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1,
            [.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Whether the hub keeps a file as a large one.</summary>
    public static bool IsLarge(string path) => Path.GetExtension(path) is ".safetensors" or ".parquet" or ".bin";

    public static string HashOf(string path, byte[] content) => IsLarge(path) ? Sha256(content) : GitHash(content);

    public void Dispose()
    {
        _hub.Dispose();
        _store.Dispose();
    }

    private async Task Answer(LoopbackServer.Request asked, NetworkStream stream, bool onStore, CancellationToken end)
    {
        var request = new HubRequest(onStore, asked.Path, asked.Header("Authorization"), asked.Header("Range"));
        Requests.Enqueue(request);
        var fault = Faults(request);
        if (fault is { Silent.Ticks: > 0 }) await Task.Delay(fault.Silent, end);
        if (fault?.Status is { } status) await Send(stream, status, fault.Headers, Encoding.UTF8.GetBytes(fault.Body ?? ""), fault);
        else if (request.OnStore) await SendContent(stream, request, Stored(request.Path), fault);
        else await AnswerOfHub(stream, request, fault);
    }

    private byte[] Stored(string path) => _repositories.Values.SelectMany(repository => repository.Files.Values)
        .First(content => Sha256(content) == path.Split('/', '?')[1]);

    private async Task AnswerOfHub(NetworkStream stream, HubRequest request, HubFault? fault)
    {
        string[] parts = [.. request.Path.Split('?')[0].Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        bool isApi = parts[0] == "api";
        string[] rest = isApi ? parts[1..] : parts[0] == "datasets" ? parts : ["models", .. parts];
        if (rest.Length < 5 || !_repositories.TryGetValue(string.Join('/', rest[..3]), out var repository))
        {
            await Send(stream, 401, "X-Error-Code: RepoNotFound\r\n", [], null);
            return;
        }
        if (repository.Gated is { } token && request.Token != $"Bearer {token}")
        {
            await Send(stream, request.Token is null ? 401 : 403, "X-Error-Code: GatedRepo\r\n", [], null);
            return;
        }
        bool known = rest[4] == "main" || rest[4] == repository.Commit;
        if (!known) await Send(stream, 404, "X-Error-Code: RevisionNotFound\r\n", [], null);
        else if (isApi && rest[3] == "revision")
            await Send(stream, 200, "",
                Encoding.UTF8.GetBytes(fault?.Body ?? new JsonObject { ["id"] = "x", ["sha"] = repository.Commit }.ToJsonString()), fault);
        else if (isApi) await SendTree(stream, request, repository, fault);
        else await Resolve(stream, request, repository, string.Join('/', rest[5..]), fault);
    }

    private async Task SendTree(NetworkStream stream, HubRequest request, Repository repository, HubFault? fault)
    {
        int at = request.Path.Split("cursor=") is [_, var cursor] ? int.Parse(cursor, CultureInfo.InvariantCulture) : 0;
        var all = repository.Files.OrderBy(file => file.Key, StringComparer.Ordinal).ToArray();
        var page = new JsonArray([new JsonObject { ["type"] = "directory", ["oid"] = new string('0', 40), ["size"] = 0,
            ["path"] = "a-folder" },
            .. all.Skip(at).Take(PageFiles).Select(file => (JsonNode)Entry(file.Key, file.Value))]);
        string link = at + PageFiles < all.Length
            ? $"Link: <{Endpoint}{request.Path.Split("&cursor=")[0]}&cursor={at + PageFiles}>; rel=\"next\"\r\n" : "";
        await Send(stream, 200, link + fault?.Headers, Encoding.UTF8.GetBytes(fault?.Body ?? page.ToJsonString()), fault);
    }

    private static JsonObject Entry(string path, byte[] content)
    {
        var entry = new JsonObject { ["type"] = "file", ["oid"] = GitHash(content), ["size"] = content.Length, ["path"] = path };
        if (!IsLarge(path)) return entry;
        entry["oid"] = new string('1', 40);
        entry["lfs"] = new JsonObject { ["oid"] = Sha256(content), ["size"] = content.Length, ["pointerSize"] = 134 };
        return entry;
    }

    private async Task Resolve(NetworkStream stream, HubRequest request, Repository repository, string path, HubFault? fault)
    {
        if (!repository.Files.TryGetValue(path, out byte[]? content)) await Send(stream, 404, "X-Error-Code: EntryNotFound\r\n", [], null);
        else if (!IsLarge(path)) await SendContent(stream, request, content, fault);
        else
        {
            string hash = Sha256(content);
            await Send(stream, 302,
                $"X-Repo-Commit: {repository.Commit}\r\nX-Linked-Size: {content.Length}\r\nX-Linked-Etag: \"{hash}\"\r\n"
                + $"Location: {_store.Address}/{hash}?signed=yes\r\n", [], null);
        }
    }

    private async Task SendContent(NetworkStream stream, HubRequest request, byte[] content, HubFault? fault)
    {
        if (fault?.Spoilt == true) content = [.. content.Take(content.Length - 1), (byte)~content[^1]];
        string tag = $"ETag: \"{Sha256(content)}\"\r\nAccept-Ranges: bytes\r\n";
        if (request.Range is null || fault?.IgnoresRange == true) await Send(stream, 200, tag, content, fault, counts: true);
        else
        {
            string[] ends = request.Range["bytes=".Length..].Split('-');
            int from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            int to = ends[1].Length > 0 ? Math.Min(int.Parse(ends[1], CultureInfo.InvariantCulture), content.Length - 1)
                : content.Length - 1;
            if (from >= content.Length) await Send(stream, 416, $"Content-Range: bytes */{content.Length}\r\n", [], null);
            else await Send(stream, 206, tag + $"Content-Range: bytes {from}-{to}/{content.Length}\r\n", content[from..(to + 1)], fault,
                counts: true);
        }
    }

    private async Task Send(NetworkStream stream, int status, string headers, byte[] body, HubFault? fault, bool counts = false)
    {
        bool chunked = fault?.Chunked == true;
        string length = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}";
        await Write(stream, $"HTTP/1.1 {status} X\r\n{length}\r\nConnection: close\r\n{headers}\r\n");
        byte[] sent = body[..Math.Min(body.Length, fault?.CutAfter ?? int.MaxValue)];
        if (counts) Interlocked.Add(ref _sent, sent.Length);
        foreach (byte[] piece in chunked ? sent.Chunk(1000) : [sent])
        {
            if (chunked) await Write(stream, $"{piece.Length:x}\r\n");
            await stream.WriteAsync(piece);
            if (chunked) await Write(stream, "\r\n");
        }
        if (chunked && sent.Length == body.Length) await Write(stream, "0\r\n\r\n");
    }

    private static ValueTask Write(NetworkStream stream, string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text));

    private sealed record Repository(string Commit, IReadOnlyDictionary<string, byte[]> Files, string? Gated);
}
