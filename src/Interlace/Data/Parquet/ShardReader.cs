using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>A drawn row as it stands in the file, or the reason why it is left out (then without images).</summary>
internal sealed record ShardRow(long Row, string? Skip, IReadOnlyList<byte[]?> Questions, IReadOnlyList<byte[]?> Answers, IReadOnlyList<byte[]> Images);

/// <summary>
/// Drawn rows of one shard. Row groups without drawn rows are not touched. In the others the texts and the (small) image paths are
/// read first; image bytes, nearly all of a file, only of rows that stay, and only the pages that hold them.
/// </summary>
internal sealed class ShardReader : IDisposable
{
    private readonly ShardStream _stream;
    private readonly ParquetFooter _footer;
    private readonly ParquetFileReader _reader;

    public ShardReader(string path)
    {
        _stream = new ShardStream(path);
        try
        {
            _footer = ParquetFooter.Read(_stream);
            using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
            properties.EnableBufferedStream();
            properties.EnablePageChecksumVerification();
            properties.SetFooterReadSize(_footer.Length);
            _reader = new ParquetFileReader(_stream, properties, leaveOpen: true);
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>Bytes taken from the disk so far.</summary>
    public long BytesRead => _stream.BytesRead;

    /// <summary>Size of the file.</summary>
    public long Length => _stream.Length;

    /// <param name="rows">0-based in the file, ascending, without repetition.</param>
    /// <param name="filter">Which rows stay, from the number of images and turns.</param>
    public IEnumerable<ShardRow> Read(IReadOnlyList<long> rows, RowFilter filter)
    {
        long first = 0;
        int at = 0;
        for (int group = 0; group < _footer.RowGroups.Count && at < rows.Count; group++)
        {
            long end = first + _footer.RowGroups[group].Rows;
            List<long> local = [];
            for (; at < rows.Count && rows[at] < end; at++) local.Add(rows[at] - first);
            if (local.Count > 0)
                foreach (ShardRow row in ReadGroup(group, local, filter)) yield return row with { Row = first + row.Row };
            first = end;
        }
        if (at < rows.Count) throw new InvalidDataException("The file has fewer rows than it had.");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }

    private IEnumerable<ShardRow> ReadGroup(int group, List<long> rows, RowFilter filter)
    {
        FineVisionColumns columns = FineVisionColumns.In(_footer.RowGroups[group]);
        using RowGroupReader reader = _reader.RowGroup(group);
        ListRow[] questions = ReadRows(reader, columns.Questions, rows, values: true);
        ListRow[] answers = ReadRows(reader, columns.Answers, rows, values: true);
        ListRow[] places = ReadRows(reader, columns.ImagePaths ?? columns.Images, rows, values: false);

        string?[] skips = [.. rows.Select((_, i) => questions[i].Count == answers[i].Count
            ? filter.Reason(places[i].Count, questions[i].Values, answers[i].Values)
            : throw new InvalidDataException("A row has more questions than answers."))];
        int[] illustrated = [.. Enumerable.Range(0, rows.Count).Where(i => skips[i] is null && places[i].Count > 0)];
        ColumnChunk chunk = _footer.RowGroups[group].Columns[columns.Images];
        PageSelection selection = PageSelection.Find(_stream, chunk, [.. illustrated.Select(i => places[i].Slots)]);
        _stream.Gather(chunk.Bytes, selection.Pages);
        using ListColumn? images = illustrated.Length > 0 ? new ListColumn(reader, columns.Images) : null;

        int shown = 0;
        for (int i = 0; i < rows.Count; i++)
        {
            IReadOnlyList<byte[]?> found = skips[i] is null && places[i].Count > 0 ? images!.At(selection.Wanted[shown++]) : [];
            if (found.Contains(null)) skips[i] = SkipReason.MissingImage;
            yield return new ShardRow(rows[i], skips[i], questions[i].Values, answers[i].Values, skips[i] is null ? [.. found.Select(image => image!)] : []);
        }
    }

    private static ListRow[] ReadRows(RowGroupReader reader, int column, List<long> rows, bool values)
    {
        using ListColumn list = new(reader, column);
        return [.. list.Rows(rows, values)];
    }
}

/// <summary>Where the columns that are read stand among the leaves of the schema; the image paths are optional, all others of FineVision's columns unused.</summary>
internal sealed record FineVisionColumns(int Images, int? ImagePaths, int Questions, int Answers)
{
    /// <summary>The columns that make a sample.</summary>
    public IEnumerable<int> SampleColumns => [Images, Questions, Answers];

    /// <summary>Finds the columns by name, whatever their order and the names of the list's inner nodes. Throws <see cref="InvalidDataException"/> naming a missing one.</summary>
    public static FineVisionColumns In(RowGroup group)
    {
        return new FineVisionColumns(Require("images", "bytes"), Find("images", "path"), Require("texts", "user"), Require("texts", "assistant"));

        int? Find(string list, string field)
        {
            for (int i = 0; i < group.Columns.Count; i++)
                if (group.Columns[i].Path.StartsWith(list + ".", StringComparison.Ordinal) && group.Columns[i].Path.EndsWith("." + field, StringComparison.Ordinal)) return i;
            return null;
        }

        int Require(string list, string field) => Find(list, field) ?? throw new InvalidDataException($"It has no column '{list}' of lists with the field '{field}'.");
    }
}
