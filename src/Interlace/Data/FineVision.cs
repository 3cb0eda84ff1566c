using System.Text;
using System.Text.RegularExpressions;
using Interlace.Data.Parquet;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;
using ParquetSharp;

namespace Interlace.Data;

/// <summary>
/// A folder of data sets in FineVision's schema: <c>images: list of {bytes, path}</c>, <c>texts:
/// list of {user, assistant}</c>, other columns unused (paper 3.4).
/// Every folder in it is a set with the Parquet files at any depth; files directly in it form one set, named <c>.</c>.
/// A link to a file is followed (caches of downloaded data consist of them), and so is a linked set;
/// linked folders further down are left out.
/// </summary>
public sealed class FineVision
{
    private const int LongestReason = 200;
    private const long MostDrawn = 1 << 30;   // of what an array can hold
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private long _bytesRead;

    private FineVision(string folder, IReadOnlyList<DataSet> sets) => (Folder, Sets) = (folder, sets);

    /// <summary>The folder that was opened.</summary>
    public string Folder { get; }

    /// <summary>The sets in ordinal order of their names; none without rows.</summary>
    public IReadOnlyList<DataSet> Sets { get; }

    /// <summary>Rows of all sets, by the footers.</summary>
    public long Rows => Sets.Sum(set => set.Rows);

    /// <summary>Bytes that <see cref="Read"/> took from the disk, footers included, of shards that are done with.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>
    /// Lists the sets and reads the footers of their files, nothing else.
    /// Throws <see cref="InputException"/> where the folder is missing or holds no rows, a file is no Parquet file, or a column is missing.
    /// </summary>
    public static FineVision Open(string folder)
    {
        UserFile.CheckFolder(folder,
            $"The data folder '{folder}' does not exist: give a folder with one subfolder of Parquet files per data set.");
        DownloadCache.Refuse(folder);
        IEnumerable<(string Name, string Folder, bool Deep)> candidates = [(".", folder, false), .. Directory.EnumerateDirectories(folder)
            .Where(path => !IsHidden(path)).Select(path => (Path.GetFileName(path), path, true))];
        List<DataSet> sets = [];
        foreach ((string name, string path, bool deep) in candidates.OrderBy(candidate => candidate.Name, StringComparer.Ordinal))
        {
            DownloadCache.Refuse(path);
            Shard[] shards = [.. ParquetFiles(path, "", deep).OrderBy(shard => shard.Name, StringComparer.Ordinal)
                .Select(file => OpenShard(file.Name, file.Path))];
            if (shards.Sum(shard => shard.Rows) > 0) sets.Add(new DataSet(name, shards));
        }
        return sets.Count > 0 ? new FineVision(folder, sets)
            : throw new InputException($"The data folder '{folder}' holds no rows: "
                + "it needs Parquet files, in one subfolder per data set or directly in it.");
    }

    /// <summary>
    /// max(1, round(rate * rows)) rows of every set: those with the smallest <see cref="SeededHash"/> of set, shard name and row.
    /// No row twice, and the
    /// same rows wherever the files lie and in whatever order they are listed. The paper's filters come later, in <see cref="Read"/>: a
    /// draw of n rows gives at most n samples. Throws <see cref="InputException"/> for a rate outside (0, 1], or one that draws too many.
    /// </summary>
    public Draw Draw(double rate, long seed)
    {
        if (rate is not (> 0 and <= 1))
            throw new InputException($"A sampling rate of {rate} is impossible: give one above 0 and at most 1.");
        if (rate * Rows > MostDrawn)
            throw new InputException($"A sampling rate of {rate} draws more than {MostDrawn:N0} of {Rows:N0} rows: give a lower one.");
        return new Draw([.. Sets.Select((set, index) => Data.Draw.FromSet(set, index, rate, seed))]);
    }

    /// <summary>About how many bytes the samples of these rows take: their share of what the columns take in the files.</summary>
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
        foreach (IGrouping<(int Set, int Shard), RowReference> group in rows.GroupBy(row => (row.Set, row.Shard))
            .OrderBy(group => group.Key))
        {
            DataSet set = Sets[group.Key.Set];
            Shard shard = set.Shards[group.Key.Shard];
            foreach (ShardRow row in ReadShard(shard, [.. group.Select(row => row.Row).Distinct().Order()], filter ?? new RowFilter()))
                if (ToSample(set.Name, shard.Name, row, skipped) is { } sample) yield return sample;
        }
    }

    private static Sample? ToSample(string set, string shard, ShardRow row, SkipCounts skipped)
    {
        string? reason = row.Skip;
        try
        {
            if (reason is null)
                return new Sample(set, shard, row.Row, Turns(row), row.Images);
        }
        catch (SampleException e)
        {
            reason = e.Reason;
        }
        skipped.Add(reason);
        return null;
    }

    /// <summary>User and assistant by turns. Throws <see cref="SampleException"/> where a text is not UTF-8.</summary>
    private static Turn[] Turns(ShardRow row) =>
        [.. row.Questions.Zip(row.Answers).SelectMany(turn =>
            new[] { new Turn(Turn.User, Text(turn.First)), new Turn(Turn.Assistant, Text(turn.Second)) })];

    private static string? Text(byte[]? bytes)
    {
        try
        {
            return bytes is null ? null : Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new SampleException(SkipReason.InvalidText, e);
        }
    }

    private IEnumerable<ShardRow> ReadShard(Shard shard, long[] rows, RowFilter filter)
    {
        var stamp = FileStamps.Of([shard.Path]);
        using ShardReader reader = Guard(shard.Path, () => new ShardReader(shard.Path));
        if (reader.Length != shard.Length)
            throw new InputException($"The data file '{shard.Path}' has changed while it was in use: start again.");
        using IEnumerator<ShardRow> read = reader.Read(rows, filter).GetEnumerator();
        try
        {
            while (Guard(shard.Path, read.MoveNext)) yield return read.Current;
            stamp.Check();
        }
        finally
        {
            Interlocked.Add(ref _bytesRead, reader.BytesRead);
        }
    }

    private static IEnumerable<(string Name, string Path)> ParquetFiles(string folder, string prefix, bool deep)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
            if (path.EndsWith(".parquet", StringComparison.Ordinal) && !IsHidden(path))
                yield return (prefix + Path.GetFileName(path), path);
        if (!deep) yield break;
        foreach (string path in Directory.EnumerateDirectories(folder)
            .Where(path => !IsHidden(path) && new DirectoryInfo(path).LinkTarget is null))
            foreach ((string Name, string Path) file in ParquetFiles(path, prefix + Path.GetFileName(path) + "/", deep)) yield return file;
    }

    private static Shard OpenShard(string name, string path) => Guard(path, () =>
    {
        using var stream = new ShardStream(path);
        ParquetFooter footer = ParquetFooter.Read(stream);
        long bytes = footer.RowGroups.Where(group => group.Rows > 0)
            .Sum(group => FineVisionColumns.In(group).SampleColumns.Sum(column => group.Columns[column].Bytes.Length));
        return new Shard(name, footer.RowGroups.Sum(group => group.Rows), stream.Length, bytes, path);
    });

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');

    /// <summary>
    /// The library's native part wraps its sentence, <c>NAME (message: 'SENTENCE')</c>,
    /// in which names of exceptions may stand and bytes of the file.
    /// </summary>
    private static string Reason(Exception error)
    {
        string text = error.Message.ReplaceLineEndings(" ");
        const string mark = "(message: '";
        if (text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and int at) text = text[(at + mark.Length)..].TrimEnd(')', '\'');
        text = Regex.Replace(text, @"\w*Exception: ", "");
        return (text.Length > LongestReason ? text[..LongestReason] : text).TrimEnd('.', ' ');
    }

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ParquetException or InvalidDataException or IOException
            or UnauthorizedAccessException or OverflowException)
        {
            throw new InputException($"The data file '{path}' cannot be read: {Reason(e)}; "
                + "fetch it again or take it out of the folder.", e);
        }
    }
}
