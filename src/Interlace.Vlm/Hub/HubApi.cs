using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Hub;

/// <summary>What the hub tells of a repository: <c>/api/KIND/ID/revision/REVISION</c> and <c>/api/KIND/ID/tree/COMMIT</c>.</summary>
internal static class HubApi
{
    private const int LargestAnswer = 64 << 20, MostFiles = 1_000_000, MostPages = 10_000;

    /// <summary>Lists a repository.</summary>
    /// <param name="http">The requests.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">It is not there, not for this user, or the answers are none.</exception>
    public static async Task<HubListing> List(HubHttp http, HubRepository repository, CancellationToken cancellation)
    {
        string api = $"api/{repository.Plural}/{repository.Id}";
        Uri address = Below(http.Settings, $"{api}/revision/{Uri.EscapeDataString(repository.Revision)}");
        var (known, _) = await Ask(http, address, repository, HubJson.Default.HubRevision, cancellation).ConfigureAwait(false);
        if (!HubRepository.IsCommit(known.Sha ?? ""))
            throw new InputException($"{http.Settings.Endpoint} does not say which commit {repository.Written} is: look at HF_ENDPOINT.");
        List<HubFile> files = [];
        Uri? page = Below(http.Settings, $"{api}/tree/{known.Sha}?recursive=true&expand=false");
        for (int pages = 0; page is not null; pages++)
        {
            var (entries, next) = await Ask(http, page, repository, HubJson.Default.HubEntryArray, cancellation).ConfigureAwait(false);
            files.AddRange(entries.Where(entry => entry.Type == "file").Select(entry => entry.ToFile().Checked(repository)));
            if (files.Count > MostFiles || pages > MostPages) throw new InputException($"{repository.Written} lists too many files.");
            page = next;
        }
        if (files.GroupBy(file => file.Path).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new InputException($"{repository.Written} lists {twice.Key} twice.");
        return new(repository, known.Sha!, [.. files.OrderBy(file => file.Path, StringComparer.Ordinal)]);
    }

    /// <summary>The address of a file's content.</summary>
    public static Uri Resolve(HubSettings settings, HubRepository repository, string commit, string path) =>
        Below(settings, $"{repository.PagePath}/resolve/{commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    private static Uri Below(HubSettings settings, string path) => new($"{settings.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private static async Task<(T Value, Uri? Next)> Ask<T>(HubHttp http, Uri address, HubRepository repository,
        JsonTypeInfo<T> type, CancellationToken cancellation) where T : class
    {
        var (json, headers) = await http.GetWhole(address, repository, LargestAnswer, cancellation).ConfigureAwait(false);
        try
        {
            return (StrictJson.Parse(json, type), NextPage(http, address, headers));
        }
        catch (JsonException e)
        {
            throw new InputException($"{http.Settings.Endpoint} answers with something else than a hub does ({e.Message.TrimEnd('.')}): "
                + "look at HF_ENDPOINT.", e);
        }
    }

    /// <summary>The address of the next page, by the header <c>Link</c>; only the hub itself is asked for more.</summary>
    private static Uri? NextPage(HubHttp http, Uri address, HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues("Link", out var links)) return null;
        foreach (string link in links.SelectMany(line => line.Split(',')))
        {
            int open = link.IndexOf('<'), close = link.IndexOf('>');
            if (open < 0 || close < open || !link[close..].Contains("rel=\"next\"", StringComparison.Ordinal)) continue;
            return Uri.TryCreate(address, link[(open + 1)..close], out var next) && http.IsOfEndpoint(next) && next != address
                ? next : throw new InputException($"{http.Settings.Endpoint} continues its list of files elsewhere: it is not followed.");
        }
        return null;
    }
}

/// <summary>The part of what the hub says of a revision that is used.</summary>
internal sealed record HubRevision(string? Sha);

/// <summary>An entry of a list of files.</summary>
internal sealed record HubEntry(string? Type, string? Oid, string? Path, long Size, HubLargeFile? Lfs)
{
    /// <summary>The file; of a large one the pointer's hash is none of its own.</summary>
    public HubFile ToFile() => new(Path ?? "", Lfs?.Size ?? Size, Oid ?? "", Lfs is null ? null : Lfs.Oid ?? "");
}

/// <summary>Where a large file's content is kept.</summary>
internal sealed record HubLargeFile(string? Oid, long Size);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HubRevision))]
[JsonSerializable(typeof(HubEntry[]))]
internal sealed partial class HubJson : JsonSerializerContext;
