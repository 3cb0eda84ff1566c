using ParquetSharp;

namespace Interlace.Data;

/// <summary>A constituent data set: its shards in ordinal order of their names.</summary>
public sealed record DataSet(string Name, IReadOnlyList<Shard> Shards)
{
    /// <summary>Rows of all shards.</summary>
    public long Rows { get; } = Shards.Sum(shard => shard.Rows);
}
