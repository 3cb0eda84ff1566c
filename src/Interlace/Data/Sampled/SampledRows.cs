using Interlace.Data.Parquet;

namespace Interlace.Data.Sampled;

/// <summary>The drawn rows of one file of a collection, in the file of their set in a sample.</summary>
/// <param name="whole">The set's file in the sample.</param>
/// <param name="first">The place of the first of them there.</param>
/// <param name="drawn">Their rows in the collection's file, ascending.</param>
internal sealed class SampledRows(Shard whole, long first, long[] drawn) : IRowFile
{
    private readonly FineVisionFile _file = new();

    /// <inheritdoc/>
    public long BytesRead => _file.BytesRead;

    /// <inheritdoc/>
    public bool NeedsPreparation => _file.NeedsPreparation;

    /// <summary>Whether a row of the collection's file was drawn.</summary>
    public bool Holds(long row) => Array.BinarySearch(drawn, row) >= 0;

    /// <inheritdoc/>
    public IEnumerable<SourceRow> Read(string set, Shard shard, IReadOnlyList<long> rows, RowFilter filter)
    {
        long[] places = [.. rows.Select(row => Array.BinarySearch(drawn, row) is >= 0 and var at ? first + at
            : throw new InvalidOperationException($"Row {row} of {set}/{shard.Name} is not in the sample."))];
        foreach (var (row, found) in rows.Zip(_file.Read(set, whole, places, filter)))
            yield return found with { Sample = found.Sample is { } sample ? sample with { Shard = shard.Name, Row = row } : null };
    }
}
