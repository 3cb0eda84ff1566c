using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>
/// Chosen rows of a file, as they stand in it, from as few of its bytes as can be: with a page index the pages that hold them, without one
/// the used columns of their row groups. What will be read is said before, so that a file far away is asked for in few pieces.
/// </summary>
internal sealed class WholeRows : IDisposable
{
    private const long MostHeld = 256 << 20;   // bytes of rows that are in memory at once
    private static readonly ListLimits Everything = new(long.MaxValue, long.MaxValue);

    private readonly IShardBytes _bytes;
    private readonly ShardStream _stream;
    private readonly ParquetFooter _footer;
    private readonly ParquetFileReader _reader;
    private readonly Dictionary<long, IReadOnlyList<PagePlace>> _indices = [];   // by where they lie in the file

    /// <param name="bytes">The file; disposed with this.</param>
    public WholeRows(IShardBytes bytes)
    {
        _bytes = bytes;
        _stream = new ShardStream(bytes);
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

    /// <summary>Rows of the file.</summary>
    public long Count => _footer.RowGroups.Sum(group => group.Rows);

    /// <summary>Reads rows.</summary>
    /// <param name="rows">0-based in the file, ascending, without repetition.</param>
    public IEnumerable<WholeRow> Read(IReadOnlyList<long> rows)
    {
        var groups = _footer.GroupsOf(rows).ToList();
        _bytes.Expect(groups.SelectMany(group => Columns(group.Group).Select(column => column.Chunk.PageIndex))
            .Where(range => range.Length > 0));
        foreach (var (group, _, _) in groups)
            foreach (var (_, chunk) in Columns(group).Where(column => column.Chunk.PageIndex.Length > 0))
                _indices[chunk.PageIndex.Start] = PageIndex.Read(_stream, chunk, _footer.RowGroups[group].Rows);
        _bytes.Forget();
        foreach (var (group, first, local) in groups)
        {
            long rowBytes = Math.Max(1,
                Columns(group).Sum(column => column.Chunk.Bytes.Length) / Math.Max(1, _footer.RowGroups[group].Rows));
            foreach (long[] some in local.Chunk((int)Math.Clamp(MostHeld / rowBytes, 1, 1 << 16)))
                foreach (WholeRow row in ReadSome(group, some)) yield return row with { Row = first + row.Row };
            _bytes.Forget();
        }
    }

    private IEnumerable<WholeRow> ReadSome(int group, long[] rows)
    {
        var columns = Columns(group).Select(column => (column.Index, column.Chunk, Pages: PlacesOf(column.Chunk, rows))).ToArray();
        _bytes.Expect(columns.SelectMany(column => column.Pages is { } pages
            ? pages.Select(page => WithHeader(page.Bytes, column.Chunk)) : [column.Chunk.Bytes]));
        using RowGroupReader reader = _reader.RowGroup(group);
        ListRow[][] read = [.. columns.Select(column => ReadColumn(reader, column.Index, column.Chunk, column.Pages, rows))];
        bool hasPaths = read.Length == 4;
        for (int i = 0; i < rows.Length; i++)
        {
            var row = new WholeRow(rows[i], read[0][i], hasPaths ? read[3][i] : null, read[1][i], read[2][i]);
            if (row.Questions.Count != row.Answers.Count) throw new InvalidDataException("A row has more questions than answers.");
            if (row.Paths is { } paths
                && paths.Count != row.Images.Count) throw new InvalidDataException("A row has more images than paths.");
            yield return row;
        }
    }

    /// <summary>The pages of a chunk that hold rows; null where it has no page index.</summary>
    private List<PagePlace>? PlacesOf(ColumnChunk chunk, long[] rows)
    {
        if (chunk.PageIndex.Length == 0) return null;
        List<PagePlace> places = [];
        int at = 0;
        foreach (PagePlace page in _indices[chunk.PageIndex.Start])
        {
            while (at < rows.Length && rows[at] < page.FirstRow) at++;
            if (at < rows.Length && rows[at] < page.EndRow) places.Add(page);
        }
        return places;
    }

    private ListRow[] ReadColumn(RowGroupReader reader, int index, ColumnChunk chunk, List<PagePlace>? places, long[] rows)
    {
        if (places is null)
        {
            var all = PageHeader.ReadAll(_stream, chunk);
            _stream.Gather(chunk.Bytes, all);
            using var whole = new ListColumn(reader, index, all);
            return [.. whole.Rows(rows, Everything)];
        }
        List<PageHeader> pages = [.. places.Select(place => PageHeader.Read(_stream, chunk, place.Bytes.Start))];
        if (pages.Zip(places).Any(pair => !pair.First.IsData || pair.First.Page != pair.Second.Bytes))
            throw new InvalidDataException($"The page index of column '{chunk.Path}' does not fit its pages.");
        if (pages.Any(page => page.Encoding != PageEncoding.Plain) && Dictionary(chunk) is { } dictionary) pages.Insert(0, dictionary);
        _stream.Gather(chunk.Bytes, pages);
        using var column = new ListColumn(reader, index, pages);
        return [.. column.Rows(Renumbered(rows, places), Everything)];
    }

    /// <summary>The page that stands before the data pages of a chunk, where that is a dictionary.</summary>
    private PageHeader? Dictionary(ColumnChunk chunk)
    {
        _bytes.Expect([WithHeader(new ByteRange(chunk.Bytes.Start, 0), chunk)]);
        PageHeader first = PageHeader.Read(_stream, chunk, chunk.Bytes.Start);
        if (first.Type != PageType.Dictionary) return null;
        _bytes.Expect([first.Page]);
        return first;
    }

    /// <summary>A page, or as many bytes as are read in search of its header.</summary>
    private static ByteRange WithHeader(ByteRange page, ColumnChunk chunk) =>
        page with { Length = Math.Min(Math.Max(page.Length, PageHeader.UsualHeader), chunk.Bytes.End - page.Start) };

    /// <summary>Rows of a group as they stand in some of its pages, one after the other.</summary>
    private static IEnumerable<long> Renumbered(long[] rows, List<PagePlace> places)
    {
        int page = 0;
        long before = 0;
        foreach (long row in rows)
        {
            while (row >= places[page].EndRow) before += places[page].EndRow - places[page++].FirstRow;
            yield return before + row - places[page].FirstRow;
        }
    }

    /// <summary>Images, questions, answers and, where they are there, the images' paths.</summary>
    private (int Index, ColumnChunk Chunk)[] Columns(int group)
    {
        RowGroup rows = _footer.RowGroups[group];
        FineVisionColumns columns = FineVisionColumns.In(rows);
        int[] indices = [columns.Images, columns.Questions, columns.Answers, .. columns.ImagePaths is { } paths ? [paths]
            : Array.Empty<int>()];
        return [.. indices.Select(index => (index, rows.Columns[index].Values <= rows.MostValues ? rows.Columns[index]
            : throw new InvalidDataException($"Column '{rows.Columns[index].Path}' claims to have {rows.Columns[index].Values} values.")))];
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }
}
