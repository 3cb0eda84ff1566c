namespace Interlace.Data;

/// <summary>A file of rows in one of the formats. It is read by one thread at a time.</summary>
internal interface IRowFile
{
    /// <summary>Bytes taken from the disk by readings that are done with.</summary>
    long BytesRead { get; }

    /// <summary>Whether its rows are as their makers published them, so that the authors' preparation would have to make samples of them
    /// and could fail; rows that are a list of samples already have it behind them.</summary>
    bool NeedsPreparation { get; }

    /// <summary>Reads rows in their order, in bounded memory.</summary>
    /// <param name="set">The set that the file belongs to.</param>
    /// <param name="shard">The file as it was opened.</param>
    /// <param name="rows">0-based, ascending, without repetition.</param>
    /// <param name="filter">Which rows stay.</param>
    /// <exception cref="Vlm.InputException">The file is damaged or has changed since it was opened.</exception>
    IEnumerable<SourceRow> Read(string set, Shard shard, IReadOnlyList<long> rows, RowFilter filter);
}

/// <summary>A row as it was read: a sample, or the reason why there is none.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Skip">One of <see cref="SkipReason"/> where there is no sample.</param>
/// <param name="Fails">Whether the authors' preparation fails at this row, and takes no further row of its set.</param>
internal sealed record SourceRow(Sample? Sample, string? Skip, bool Fails = false);
