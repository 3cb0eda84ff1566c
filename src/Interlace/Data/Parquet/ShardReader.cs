using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>
/// Drawn rows of one shard. Row groups without drawn rows are not touched. In the others the texts and the (small) image paths are
/// read first; image bytes, nearly all of a file, only of rows that stay, and only the pages that hold them.
/// </summary>
internal sealed class ShardReader : IDisposable
{
    private const long MostTextBytes = 32 << 20;

    private readonly ShardStream _stream;
    private readonly ParquetFooter _footer;
    private readonly ParquetFileReader _reader;

    public ShardReader(string path)
    {
        _stream = new ShardStream(path);
        try
        {
            _footer = ParquetFooter.Read(_stream);
            _reader = _footer.Open(_stream);
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
        foreach (var (group, first, local) in _footer.GroupsOf(rows))
            foreach (ShardRow row in ReadGroup(group, local, filter)) yield return row with { Row = first + row.Row };
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
        using ListColumn questions = Open(columns.Questions), answers = Open(columns.Answers),
            places = Open(columns.ImagePaths ?? columns.Images);
        var texts = new ListLimits(filter.Truncates ? filter.MaxTurns : filter.MaxTurns + 1L, filter.MaxTextBytes);
        var read = rows.Zip(questions.Rows(rows, texts), answers.Rows(rows, texts))
            .Zip(places.Rows(rows, default), (row, places) => new RowTexts(row.First, row.Second, row.Third, places, filter));
        foreach (List<RowTexts> held in Held(read))
            foreach (ShardRow row in ReadImages(reader, _footer.RowGroups[group].Columns[columns.Images], columns.Images, held))
                yield return row;

        ListColumn Open(int column) => new(reader, column, PageHeader.ReadAll(_stream, Checked(_footer.RowGroups[group], column)));
    }

    private IEnumerable<ShardRow> ReadImages(RowGroupReader reader, ColumnChunk chunk, int column, List<RowTexts> rows)
    {
        RowTexts[] illustrated = [.. rows.Where(row => row.WantsImages)];
        PageSelection selection = PageSelection.Find(_stream, chunk, [.. illustrated.Select(row => row.Places.Slots)]);
        _stream.Gather(chunk.Bytes, selection.Pages);
        using ListColumn? images = illustrated.Length > 0 ? new ListColumn(reader, column, selection.Pages) : null;

        int shown = 0;
        foreach (RowTexts row in rows)
        {
            IReadOnlyList<byte[]?> found = row.WantsImages ? images!.At(selection.Wanted[shown++]) : [];
            string? skip = found.Contains(null) ? SkipReason.MissingImage : row.Skip;
            yield return new ShardRow(row.Row, skip, row.Questions.Values, row.Answers.Values, skip is null
                ? [.. found.Select(image => image!)] : [], row.Fails || skip == SkipReason.MissingImage);
        }
    }

    /// <summary>
    /// Rows in lists whose texts do not fill the memory: a row group is of any size, and a text of a dictionary is copied for each row that
    /// has it.
    /// </summary>
    private static IEnumerable<List<RowTexts>> Held(IEnumerable<RowTexts> rows)
    {
        List<RowTexts> held = [];
        long bytes = 0;
        foreach (RowTexts row in rows)
        {
            held.Add(row);
            bytes += row.HeldBytes;
            if (bytes <= MostTextBytes) continue;
            yield return held;
            (held, bytes) = ([], 0);
        }
        if (held.Count > 0) yield return held;
    }

    private static ColumnChunk Checked(RowGroup group, int column) =>
        group.Columns[column] is var chunk && chunk.Values <= group.MostValues ? chunk
        : throw new InvalidDataException($"Column '{chunk.Path}' claims to have {chunk.Values} values in {chunk.Bytes.Length} bytes.");

    /// <summary>A row without its images.</summary>
    private sealed class RowTexts
    {
        public RowTexts(long row, ListRow questions, ListRow answers, ListRow places, RowFilter filter)
        {
            if (questions.Count != answers.Count) throw new InvalidDataException("A row has more questions than answers.");
            (Row, Questions, Answers, Places) = (row, questions, answers, places);
            bool hasNull = questions.Values.Contains(null) || answers.Values.Contains(null);
            Skip = filter.Reason(new(places.Count, questions.Count, hasNull, HasAnswer: questions.Count > 0,
                questions.Bytes + answers.Bytes));
            Fails = Skip != SkipReason.TooManyImages
                && (places.IsNull || questions.IsNull || (places.Count > 0 && questions.Values is [null, ..]));
            WantsImages = Skip is null && places.Count > 0 && !filter.TextsOnly;
        }

        public long Row { get; }
        public ListRow Questions { get; }
        public ListRow Answers { get; }
        public ListRow Places { get; }
        public string? Skip { get; }
        public bool Fails { get; }
        public bool WantsImages { get; }
        public long HeldBytes => Questions.Values.Concat(Answers.Values).Sum(text => text?.LongLength ?? 0);
    }
}
