namespace Interlace.Data.Parquet;

/// <summary>A data page by the page index.</summary>
/// <param name="Bytes">The page, header included.</param>
/// <param name="FirstRow">Its first row, 0-based in the row group; a page begins at the beginning of a row.</param>
/// <param name="EndRow">The row behind its last.</param>
internal readonly record struct PagePlace(ByteRange Bytes, long FirstRow, long EndRow);

/// <summary>The page index of a column chunk (Parquet's <c>OffsetIndex</c>): what rows each page holds.</summary>
internal static class PageIndex
{
    /// <summary>Reads an index.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="chunk">A chunk that has one.</param>
    /// <param name="rows">Rows of its row group.</param>
    /// <exception cref="InvalidDataException">It places a page outside of the chunk, or its rows are in no order.</exception>
    public static IReadOnlyList<PagePlace> Read(ShardStream stream, ColumnChunk chunk, long rows)
    {
        byte[] bytes = new byte[chunk.PageIndex.Length];
        if (stream.ReadAt(chunk.PageIndex.Start, bytes) < bytes.Length) throw new EndOfStreamException("The page index ends too early.");
        var reader = new ThriftReader(bytes);
        List<(ByteRange Bytes, long Row)> pages = [];
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
        {
            if (id == 1) for (int i = reader.List(out _); i > 0; i--) pages.Add(ReadPage(ref reader));
            else reader.Skip(type);
        }
        var places = new PagePlace[pages.Count];
        for (int i = 0; i < places.Length; i++)
        {
            long end = i + 1 < places.Length ? pages[i + 1].Row : rows;
            places[i] = new(pages[i].Bytes, pages[i].Row, end);
            ByteRange page = places[i].Bytes;
            bool isInside = page.Start >= chunk.Bytes.Start && page.Length > 0 && page.Length <= chunk.Bytes.End - page.Start;
            bool isInOrder = i == 0 ? pages[0].Row == 0 : page.Start >= places[i - 1].Bytes.End;
            if (!isInside || !isInOrder || end < places[i].FirstRow || end > rows)
                throw new InvalidDataException($"The page index of column '{chunk.Path}' is damaged.");
        }
        return places.Length > 0 || rows == 0 ? places
            : throw new InvalidDataException($"The page index of column '{chunk.Path}' is empty.");
    }

    private static (ByteRange Bytes, long Row) ReadPage(ref ThriftReader reader)
    {
        long offset = 0, length = 0, row = 0;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
            switch (id)
            {
                case 1: offset = reader.Integer(); break;
                case 2: length = reader.Integer(); break;
                case 3: row = reader.Integer(); break;
                default: reader.Skip(type); break;
            }
        return (new ByteRange(offset, length), row);
    }
}
