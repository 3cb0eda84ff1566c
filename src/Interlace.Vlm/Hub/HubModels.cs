using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Hub;

/// <summary>Models of Hugging Face's hub, in the cache that Hugging Face's own client uses.</summary>
public static class HubModels
{
    private const int AtOnce = 4;
    private static readonly string[] Files = [".json", ".jsonl", ".safetensors", ".gguf"];   // a mistyped path, not a name

    /// <summary>The repository that a text means where a model folder is expected; null where it means a folder.</summary>
    /// <param name="text">A folder's path, or <c>ORG/NAME[@REVISION]</c>; a folder of that name wins.</param>
    /// <exception cref="InputException">It begins with <c>hf://</c> and has another form, or could mean either.</exception>
    public static HubRepository? Meant(string text)
    {
        if (HubRepository.HasPrefix(text)) return HubRepository.Parse(text, HubKind.Model);
        if (UserFile.KindOf(text) != PathKind.Missing || Files.Contains(Path.GetExtension(text))
            || HubRepository.Find(text, HubKind.Model) is not { } repository) return null;
        return UserFile.KindOf(repository.Organisation) == PathKind.Missing ? repository : throw new InputException(
            $"There is no model folder {text}. A folder {repository.Organisation} is here, so the hub is not asked: "
            + $"write {HubRepository.Prefix}{text} to mean the hub's {repository.Id}.");
    }

    /// <summary>The folder in the cache that holds a whole model; null where there is none. Nothing is asked of the hub.</summary>
    /// <exception cref="InputException">A file of it is wrong.</exception>
    public static string? InCache(HubRepository repository, HubSettings settings)
    {
        var cache = new HubCache(settings, repository);
        return cache.Commit() is { } commit && ModelFiles.AreAllIn(cache.Snapshot(commit)) ? cache.Snapshot(commit) : null;
    }

    /// <summary>The sentence for a model that is not in the cache where nothing may be fetched.</summary>
    public static InputException NotInCache(HubRepository repository, HubSettings settings) =>
        new($"{repository.Written} does not lie whole in {settings.Cache}, and HF_HUB_OFFLINE forbids to fetch it: "
            + $"unset that and give the command again, or interlace fetch {repository.Written}.");

    /// <summary>
    /// Fetches what a model needs of a repository, as far as it is not there: settings, tokenizer and templates, then the weights.
    /// The revision's commit is kept last.
    /// </summary>
    /// <param name="repository">The model.</param>
    /// <param name="settings">Where the hub and the cache are.</param>
    /// <param name="begin">Given the bytes that are still to come, gives who is told of those that came; called once.</param>
    /// <param name="log">Gets one line about what a reader should know.</param>
    /// <param name="cancellation">Ends it; what came is kept and gone on with.</param>
    /// <exception cref="InputException">It is not there, not for this user, no model, or the disk is too full.</exception>
    public static FetchedModel Fetch(HubRepository repository, HubSettings settings, Func<long, IProgress<long>?>? begin = null,
        Action<string>? log = null, CancellationToken cancellation = default)
    {
        if (settings.IsOffline) throw NotInCache(repository, settings);
        return FetchAll(repository, settings, begin, log, cancellation).GetAwaiter().GetResult();
    }

    private static async Task<FetchedModel> FetchAll(HubRepository repository, HubSettings settings, Func<long, IProgress<long>?>? begin,
        Action<string>? log, CancellationToken cancellation)
    {
        using var http = new HubHttp(settings);
        var listing = await HubApi.List(http, repository, cancellation).ConfigureAwait(false);
        var cache = new HubCache(settings, repository);
        var describing = ModelFiles.Describing(listing);
        long small = Missing(describing);
        FreeSpace.Check(cache.Folder, small, $"{repository.Written} in {settings.Cache}");
        await Bring(describing, null).ConfigureAwait(false);
        var weights = ModelFiles.Weights(listing, cache.Snapshot(listing.Commit));
        long large = Missing(weights);
        FreeSpace.Check(cache.Folder, large, $"{repository.Written} in {settings.Cache}");
        await Bring(weights, large > 0 ? begin?.Invoke(large) : null).ConfigureAwait(false);
        cache.Keep(listing.Commit);
        HubFile[] files = [.. describing, .. weights];
        return new(repository, listing.Commit, cache.Snapshot(listing.Commit), files.Length, files.Sum(file => file.Size), small + large);

        long Missing(IEnumerable<HubFile> wanted) => wanted.DistinctBy(file => file.Hash).Sum(cache.Missing);

        Task Bring(IEnumerable<HubFile> wanted, IProgress<long>? progress) => Parallel.ForEachAsync(wanted.GroupBy(file => file.Hash),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (same, token) =>
            {
                await One(same.First(), progress, token).ConfigureAwait(false);
                foreach (HubFile file in same) cache.Link(listing.Commit, file);
            });

        async Task One(HubFile file, IProgress<long>? progress, CancellationToken token)
        {
            if (cache.Has(file)) return;
            using var held = await BlobLock.Take(cache.LockOf(file),
                () => log?.Invoke($"Another process fetches {file.Path}: waiting for it."), token).ConfigureAwait(false);
            if (cache.Has(file)) return;
            var download = new BlobDownload(http, repository, progress);
            await download.To(HubApi.Resolve(settings, repository, listing.Commit, file.Path),
                ExpectedContent.Of(file, repository), cache.Partial(file), cache.Blob(file), token).ConfigureAwait(false);
        }
    }
}
