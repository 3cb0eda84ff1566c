using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Data;

/// <summary>The opened files of one or more data sets, whatever their formats.</summary>
public sealed class DataSource
{
    private const long MostDrawn = 1 << 30;   // of what an array can hold

    private DataSource(IReadOnlyList<DataSet> sets) => Sets = sets;

    /// <summary>The sets, path by path in the order in which the paths were named, by ordinal order of their names;
    /// none without rows.</summary>
    public IReadOnlyList<DataSet> Sets { get; }

    /// <summary>Rows of all sets.</summary>
    public long Rows => Sets.Sum(set => set.Rows);

    /// <summary>Bytes that <see cref="Read"/> took from the disk, of shards that are done with; images in files of their own
    /// left out.</summary>
    public long BytesRead => Sets.Sum(set => set.Shards.Sum(shard => shard.File.BytesRead));

    /// <summary>
    /// Lists the sets of files and folders. Of a Parquet file the footer is read; a JSON file is read once, to know where its rows stand.
    /// </summary>
    /// <param name="paths">The files and folders.</param>
    /// <param name="format">The format of all of them.</param>
    /// <param name="images">Folder of the images that JSON rows name; that of each file where absent.</param>
    /// <exception cref="InputException">
    /// A path is missing or holds no rows, a file is none of its format, or two sets have the same name.
    /// </exception>
    public static DataSource Open(IReadOnlyList<DataPath> paths, DataFormat format = DataFormat.Auto, string? images = null)
    {
        DataSet[] sets = [.. paths.SelectMany(path => DataPlaces.SetsOf(path, format, images, alone: paths.Count == 1))];
        if (sets.GroupBy(set => set.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InputException($"Two data sets are called {twice.Key}, that of {twice.First().Shards[0].Path} and that of "
                + $"{twice.Last().Shards[0].Path}: give one of the files or folders another name.");
        }
        return new(sets);
    }

    /// <summary>The sets of one file or folder.</summary>
    /// <inheritdoc cref="Open(IReadOnlyList{DataPath}, DataFormat, string)"/>
    public static DataSource Open(string path, DataFormat format = DataFormat.Auto, string? images = null) =>
        Open([new DataPath(path)], format, images);

    /// <summary>
    /// max(1, round(rate * rows)) rows of every set: those with the smallest <see cref="SeededHash"/> of set, shard name and row.
    /// No row twice, and the
    /// same rows wherever the files lie and in whatever order they are listed. The paper's filters come later, in <see cref="Read"/>: a
    /// draw of n rows gives at most n samples.
    /// </summary>
    /// <param name="rate">Part of each set, unless the set has a rate of its own.</param>
    /// <param name="seed">Seed of the hash.</param>
    /// <param name="first">
    /// Instead the first max(1, int(rate * rows)) rows, in the order of shards and rows, as the authors' preparation takes them.
    /// </param>
    /// <param name="published">
    /// The authors' row counts stand in for those of FineVision's sets; lists of samples that are made already keep their own.
    /// </param>
    /// <exception cref="InputException">A rate is outside (0, 1], draws too many, or rows that a sample does not hold.</exception>
    public Draw Draw(double rate, long seed, bool first = false, bool published = false)
    {
        if (rate is not (> 0 and <= 1))
            throw new InputException($"A sampling rate of {rate} is impossible: give one above 0 and at most 1.");
        if (Sets.Sum(set => (set.Rate ?? rate) * set.Rows) > MostDrawn)
            throw new InputException($"A sampling rate of {rate} draws more than {MostDrawn:N0} of {Rows:N0} rows: give a lower one.");
        RowReference[][] drawn = [.. Sets.Select((set, index) => Share(set, rate, first, published) is var count && first
            ? Data.Draw.FirstOf(set, index, count) : Data.Draw.FromSet(set, index, count, seed))];
        foreach (var (set, rows) in Sets.Zip(drawn)) SampledSets.Check(set, rows);
        return new Draw(drawn);
    }

    /// <summary>Sets that were opened elsewhere.</summary>
    internal static DataSource Of(IReadOnlyList<DataSet> sets) => new(sets);

    /// <summary>How many rows of a set are drawn: never none, and no more than it has.</summary>
    internal static int Share(DataSet set, double rate, bool first, bool published)
    {
        double share = (set.Rate ?? rate) * (published && set.NeedsPreparation ? PublishedCounts.Of(set) : set.Rows);
        return (int)Math.Min(set.Rows, Math.Max(1, first ? (long)share : (long)Math.Round(share)));
    }

    /// <summary>About how many bytes the samples of these rows take: their share of what those of their files take.</summary>
    public long EstimateBytes(IEnumerable<RowReference> rows) =>
        (long)rows.Sum(row => Sets[row.Set].Shards[row.Shard] is { } shard ? (double)shard.SampleBytes / shard.Rows : 0);

    /// <summary>
    /// The samples of the given rows in STORAGE order (set, shard, row), whatever order they are given in,
    /// one after the other in bounded memory:
    /// a shard is opened once and read forwards. Rows that the filter or their content rules out are counted in <paramref name="skipped"/>.
    /// Any other order at random-access speed: <see cref="SampleStore"/>.
    /// Throws <see cref="InputException"/> naming the file where one is damaged or has changed since it was opened.
    /// </summary>
    public IEnumerable<Sample> Read(IEnumerable<RowReference> rows, SkipCounts skipped, RowFilter? filter = null)
    {
        foreach (var (_, row) in ReadRows(rows, filter ?? new RowFilter()))
        {
            if (row.Sample is not null) yield return row.Sample;
            else skipped.Add(row.Skip!);
        }
    }

    /// <summary>Every row of <see cref="Read"/> beside its reference, those that are left out too.</summary>
    internal IEnumerable<(RowReference Reference, SourceRow Row)> ReadRows(IEnumerable<RowReference> rows, RowFilter filter)
    {
        foreach (var group in rows.GroupBy(row => (row.Set, row.Shard)).OrderBy(group => group.Key))
        {
            DataSet set = Sets[group.Key.Set];
            Shard shard = set.Shards[group.Key.Shard];
            RowReference[] inOrder = [.. group.DistinctBy(row => row.Row).OrderBy(row => row.Row)];
            foreach (var pair in inOrder.Zip(shard.File.Read(set.Name, shard, [.. inOrder.Select(row => row.Row)], filter)))
                yield return pair;
        }
    }
}
