namespace Interlace.Data.Parquet;

/// <summary>Level slots of a column: <paramref name="Count"/> of them from the 0-based <paramref name="First"/>. A list takes one slot per element, an empty or null one takes one.</summary>
internal readonly record struct LevelRange(long First, int Count)
{
    public long End => First + Count;
}

/// <summary>
/// The pages of a column chunk that hold wanted slots, and where those slots lie once the other pages are left out.
/// Page headers follow one another, each with the size of its page and its number of slots, so they are found by hopping:
/// a few dozen bytes are read per page passed over, whether or not the file has a page index.
/// </summary>
/// <param name="Pages">The dictionary page, if a chosen page needs it, and the chosen data pages, headers included, in order.</param>
/// <param name="Wanted">The wanted slots, renumbered.</param>
internal sealed record PageSelection(IReadOnlyList<ByteRange> Pages, IReadOnlyList<LevelRange> Wanted)
{
    private const int Plain = 0, DataPage = 0, DictionaryPage = 2, DataPageV2 = 3, UsualHeader = 128, LongestHeader = 16 << 20;

    /// <param name="stream">The file.</param>
    /// <param name="chunk">The column chunk.</param>
    /// <param name="wanted">Ascending and disjoint.</param>
    public static PageSelection Find(ShardStream stream, ColumnChunk chunk, IReadOnlyList<LevelRange> wanted)
    {
        List<ByteRange> pages = [];
        List<LevelRange> renumbered = [];
        long slot = 0, removed = 0;
        ByteRange? dictionary = null;
        bool needsDictionary = false;
        int open = 0;                                                     // the first wanted range that does not end before this page
        for (long at = chunk.Bytes.Start; open < wanted.Count;)
        {
            PageHeader header = ReadHeader(stream, at, chunk.Bytes.End);
            var page = new ByteRange(at, header.HeaderLength + header.BodyLength);
            if (page.End > chunk.Bytes.End) throw new InvalidDataException($"A page of column '{chunk.Path}' runs past its end.");
            at = page.End;
            if (header.Type == DictionaryPage) dictionary = page;
            if (header.Type is not (DataPage or DataPageV2)) continue;

            long end = slot + header.Slots;
            if (wanted[open].First < end)
            {
                pages.Add(page);
                needsDictionary |= header.Encoding != Plain;
            }
            else
            {
                removed += header.Slots;
            }
            while (renumbered.Count < wanted.Count && wanted[renumbered.Count].First < end)
                renumbered.Add(wanted[renumbered.Count] with { First = wanted[renumbered.Count].First - removed });
            while (open < wanted.Count && wanted[open].End <= end) open++;
            slot = end;
        }
        return new PageSelection(needsDictionary && dictionary is { } needed ? [needed, .. pages] : pages, renumbered);
    }

    private static PageHeader ReadHeader(ShardStream stream, long at, long end)
    {
        for (int length = UsualHeader; ; length *= 4)
        {
            byte[] bytes = new byte[Math.Min(length, end - at)];
            if (bytes.Length == 0 || stream.ReadAt(at, bytes) < bytes.Length) throw new EndOfStreamException("The pages end too early.");
            try
            {
                return ParseHeader(bytes);
            }
            catch (EndOfStreamException) when (bytes.Length == length && length < LongestHeader)
            {
                // Statistics make some headers long: read more of it.
            }
        }
    }

    private static PageHeader ParseHeader(byte[] bytes)
    {
        var reader = new ThriftReader(bytes);
        long kind = -1, body = -1, slots = 0, encoding = Plain;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
            switch (id)
            {
                case 1: kind = reader.Integer(); break;
                case 3: body = reader.Integer(); break;
                case 5: (slots, encoding) = ReadDataPage(ref reader, encodingField: 2); break;
                case 8: (slots, encoding) = ReadDataPage(ref reader, encodingField: 4); break;
                default: reader.Skip(type); break;
            }
        if (body is < 0 or > int.MaxValue || slots is < 0 or > int.MaxValue) throw new InvalidDataException("A page header is damaged.");
        return new PageHeader((int)kind, reader.Position, (int)body, (int)slots, (int)encoding);
    }

    private static (long Slots, long Encoding) ReadDataPage(ref ThriftReader reader, int encodingField)
    {
        long slots = 0, encoding = Plain;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
        {
            if (id == 1) slots = reader.Integer();
            else if (id == encodingField) encoding = reader.Integer();
            else reader.Skip(type);
        }
        return (slots, encoding);
    }

    private readonly record struct PageHeader(int Type, int HeaderLength, int BodyLength, int Slots, int Encoding);
}
