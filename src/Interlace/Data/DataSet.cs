namespace Interlace.Data;

/// <summary>A constituent data set: its shards in ordinal order of their names.</summary>
/// <param name="Name">Its name, unique among the sets that are drawn together.</param>
/// <param name="Shards">Its files.</param>
/// <param name="Rate">Part of it that is drawn, where it has a rate of its own.</param>
public sealed record DataSet(string Name, IReadOnlyList<Shard> Shards, double? Rate = null)
{
    /// <summary>Whether its rows have still to be made samples of (<see cref="IRowFile.NeedsPreparation"/>).</summary>
    internal bool NeedsPreparation => Shards.Any(shard => shard.File.NeedsPreparation);

    /// <summary>Rows of all shards.</summary>
    public long Rows { get; } = Shards.Sum(shard => shard.Rows);
}
