using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;
using Interlace.Vlm;
using Interlace.Vlm.Hub;

namespace Interlace.Samples;

/// <summary>A data set repository of the hub: every folder of it that holds Parquet files is a set, as in a folder of this
/// machine.</summary>
/// <param name="repository">The repository.</param>
/// <param name="settings">Where the hub is.</param>
/// <param name="atOnce">Files that are read at the same time.</param>
internal sealed class HubInput(HubRepository repository, HubSettings settings, int atOnce) : ISampleInput
{
    private const string Ending = ".parquet";

    private readonly HubReader _reader = new(settings);
    private HubListing? _listing;
    private List<(string Name, HubFile[] Files)> _sets = [];

    /// <inheritdoc/>
    public SampleSource Source => new("hub", repository.Id, repository.Revision, Listing.Commit);

    /// <inheritdoc/>
    public long BytesFetched => _reader.BytesRead;

    private HubListing Listing => _listing ??= _reader.List(repository);

    /// <inheritdoc/>
    public DataSource Open(string work, Action<int, int> done, CancellationToken cancellation)
    {
        _listing ??= _reader.List(repository, cancellation);
        _sets = [.. _listing.Files.Where(IsRows).GroupBy(file => SetOf(file.Path)).OrderBy(set => set.Key, StringComparer.Ordinal)
            .Select(set => (set.Key, set.OrderBy(file => ShardOf(file.Path), StringComparer.Ordinal).ToArray()))];
        if (_sets.Count == 0)
            throw new InputException($"{repository.Written} holds no Parquet files: only data sets in FineVision's schema can be "
                + $"sampled from the hub.");
        var places = _sets.SelectMany((set, i) => set.Files.Select((_, j) => (Set: i, Shard: j))).ToArray();
        var opened = _sets.ConvertAll(set => new Shard[set.Files.Length]);
        int known = 0;
        var several = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        Together.Run(() => Parallel.ForEach(places, several, place =>
        {
            HubFile file = _sets[place.Set].Files[place.Shard];
            opened[place.Set][place.Shard] = FineVisionFile.Open(ShardOf(file.Path), $"{HubRepository.Prefix}{repository.Id}/{file.Path}",
                () => Bytes(place.Set, place.Shard, work, cancellation));
            done(Interlocked.Increment(ref known), places.Length);
        }));
        var filled = opened.Select((shards, i) => (Set: new DataSet(_sets[i].Name, shards), Files: _sets[i]))
            .Where(set => set.Set.Rows > 0).ToList();
        _sets = filled.ConvertAll(set => set.Files);
        if (filled.Count == 0) throw new InputException($"{repository.Written} holds no rows.");
        return DataSource.Of(filled.ConvertAll(set => set.Set));
    }

    /// <inheritdoc/>
    public IShardBytes Bytes(int set, int shard, string work, CancellationToken cancellation)
    {
        HubFile file = _sets[set].Files[shard];
        string name = Path.Combine(work, $"{Artefacts.Hashes.Of(file.Path)[..16]}-{file.Hash[..16]}");
        return new RemoteShardBytes(_reader, _listing!, file, name + SampleWork.Footer, name + SampleWork.Scratch, cancellation);
    }

    /// <inheritdoc/>
    public string? Sha256Of(int set, int shard) => _sets[set].Files[shard].Sha256;

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private static bool IsRows(HubFile file) => file.Name.EndsWith(Ending, StringComparison.Ordinal) && file.Name.Length > Ending.Length
        && !file.Path.Split('/').Any(part => part.StartsWith('.'));

    private static string SetOf(string path) => path.IndexOf('/') is > 0 and int at ? path[..at] : ".";

    private static string ShardOf(string path) => path[(path.IndexOf('/') + 1)..];
}
