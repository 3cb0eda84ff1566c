using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;
using Interlace.Vlm;

namespace Interlace.Samples;

/// <summary>A folder of data sets on this machine.</summary>
internal sealed class FolderInput : ISampleInput
{
    private readonly DataSource _data;

    /// <param name="folder">The folder.</param>
    /// <exception cref="InputException">It holds no data, or is a sample itself.</exception>
    public FolderInput(string folder)
    {
        if (SampleFile.IsIn(folder))
            throw new InputException($"{folder} is a sample already: take one of what it was drawn from, with a lower rate.");
        _data = DataSource.Open(folder, DataFormat.FineVision);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        Source = new("folder", name, Commit: DataIdentity.Of(_data).Sha256);
    }

    /// <inheritdoc/>
    public SampleSource Source { get; }

    /// <inheritdoc/>
    public long BytesFetched => 0;

    /// <inheritdoc/>
    public DataSource Open(string work, Action<int, int> done, CancellationToken cancellation) => _data;

    /// <inheritdoc/>
    public IShardBytes Bytes(int set, int shard, string work, CancellationToken cancellation) =>
        new LocalShardBytes(_data.Sets[set].Shards[shard].Path);

    /// <inheritdoc/>
    public string? Sha256Of(int set, int shard) => null;

    /// <inheritdoc/>
    public void Dispose() { }
}
