using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;

namespace Interlace.Samples;

/// <summary>A collection of data sets from which a sample is taken.</summary>
internal interface ISampleInput : IDisposable
{
    /// <summary>What the record says of it.</summary>
    SampleSource Source { get; }

    /// <summary>Bytes that came over the network so far.</summary>
    long BytesFetched { get; }

    /// <summary>Lists the sets and reads the footers of their files.</summary>
    /// <param name="work">Where it may keep what it will need again.</param>
    /// <param name="done">Told after each file how many of how many are known.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="Vlm.InputException">A file is no Parquet file in FineVision's schema.</exception>
    DataSource Open(string work, Action<int, int> done, CancellationToken cancellation);

    /// <summary>Opens the bytes of a file of a set.</summary>
    IShardBytes Bytes(int set, int shard, string work, CancellationToken cancellation);

    /// <summary>The SHA-256 of a file, where it is known without reading it.</summary>
    string? Sha256Of(int set, int shard);
}
