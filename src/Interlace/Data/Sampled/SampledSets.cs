using Interlace.Data.Parquet;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Data.Sampled;

/// <summary>
/// The data sets of a sample, as those of the whole collection: the same names, files and numbers of rows, so that a draw finds the same
/// rows
/// in it, and what is computed from them has the same bytes. Rows that were not drawn cannot be read.
/// </summary>
internal static class SampledSets
{
    /// <summary>Opens a sample.</summary>
    /// <param name="folder">A folder with its record.</param>
    /// <exception cref="InputException">The record is wrong, or a file is absent or another one.</exception>
    public static IReadOnlyList<DataSet> Of(string folder)
    {
        var sample = SampleFile.Load(folder);
        return [.. sample.Sets.OrderBy(set => set.Name, StringComparer.Ordinal).Select(set => Open(folder, set))];
    }

    /// <summary>What a set of the files directly in the collection is called where it does not stand alone.</summary>
    public static string NameOf(string folder) => SampleFile.Load(folder).Source.Name.Split('/')[^1];

    /// <summary>Refuses a draw of rows that a sample does not hold.</summary>
    /// <param name="set">A set.</param>
    /// <param name="rows">The rows that are drawn of it.</param>
    /// <exception cref="InputException">One is not there.</exception>
    public static void Check(DataSet set, IEnumerable<RowReference> rows)
    {
        foreach (RowReference row in rows)
        {
            if (set.Shards[row.Shard].File is not SampledRows file || file.Holds(row.Row)) continue;
            string folder = Path.GetDirectoryName(set.Name == "." ? set.Shards[0].Path : Path.GetDirectoryName(set.Shards[0].Path)!)!;
            var (source, draw) = SampleFile.Load(folder) is var sample ? (sample.Source, sample.Draw) : default;
            throw new InputException($"{folder} holds the part of {source.Name} that --rate {draw.Rate:R} with seed {draw.Seed}, "
                + $"data.draw={draw.Order} "
                + $"and data.counts={draw.Counts} draws, and other rows are asked for: ask for the same, or for a lower rate, or take "
                    + $"another sample.");
        }
    }

    private static DataSet Open(string folder, SampledSet set)
    {
        string path = SampleFile.PathOf(folder, set.Name);
        UserFile.Check(path, $"{folder} is a sample without its file {path}: take the sample again.");
        Shard whole = FineVisionFile.Open(SampleFile.RowsName, path);
        if (whole.Rows != set.Rows || whole.Length != set.Bytes)
            throw new InputException($"{path} is not the file that {SampleFile.Name} beside it tells of: take the sample again.");
        List<Shard> shards = [];
        long first = 0;
        foreach (SampledShard shard in set.Shards)
        {
            shards.Add(new(shard.Name, shard.Rows, shard.Bytes, shard.SampleBytes,
                path) { File = new SampledRows(whole, first, shard.Drawn) });
            first += shard.Drawn.LongLength;
        }
        return new(set.Name, shards);
    }
}
