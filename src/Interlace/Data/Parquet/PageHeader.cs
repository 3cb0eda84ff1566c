namespace Interlace.Data.Parquet;

/// <summary>
/// The header before each page of a column chunk. The Parquet library allocates what a header says,
/// so it is held against the bytes that are there before the library sees it.
/// </summary>
/// <param name="Page">The page, header included.</param>
/// <param name="Type">What the page holds.</param>
/// <param name="Slots">Level slots of a data page, nulls and empty lists included.</param>
/// <param name="Encoding">How its values are stored.</param>
internal sealed record PageHeader(ByteRange Page, PageType Type, int Slots, PageEncoding Encoding)
{
    /// <summary>Bytes that are read first in search of a header.</summary>
    public const int UsualHeader = 128;

    private const int LongestHeader = 16 << 20;

    /// <summary>
    /// What any page may unfold to. A larger one is made of large values, which are pictures or rich text and hardly get smaller when they
    /// are stored.
    /// </summary>
    private const long FreeBytes = 64 << 20, LargestRatio = 4;

    /// <summary>Whether the page holds slots.</summary>
    public bool IsData => Type is PageType.Data or PageType.DataV2;

    /// <summary>
    /// Reads the header at a place of a chunk. Throws <see cref="InvalidDataException"/> or <see cref="EndOfStreamException"/> where it is
    /// none, or promises what the chunk cannot hold.
    /// </summary>
    public static PageHeader Read(ShardStream stream, ColumnChunk chunk, long at)
    {
        for (int length = UsualHeader; ; length *= 4)
        {
            byte[] bytes = new byte[Math.Min(length, chunk.Bytes.End - at)];
            if (bytes.Length == 0 || stream.ReadAt(at, bytes) < bytes.Length) throw new EndOfStreamException("The pages end too early.");
            try
            {
                return Parse(bytes, chunk, at);
            }
            catch (EndOfStreamException) when (bytes.Length == length && length < LongestHeader)
            {
                // Statistics make some headers long: read more of it.
            }
        }
    }

    /// <summary>
    /// Reads the headers of a whole chunk. Throws <see cref="InvalidDataException"/> where the pages do not hold the values that the footer
    /// promises.
    /// </summary>
    public static IReadOnlyList<PageHeader> ReadAll(ShardStream stream, ColumnChunk chunk)
    {
        List<PageHeader> pages = [];
        long slots = 0;
        for (long at = chunk.Bytes.Start; slots < chunk.Values; at = pages[^1].Page.End)
        {
            pages.Add(Read(stream, chunk, at));
            slots += pages[^1].Slots;
        }
        return slots == chunk.Values
            ? pages : throw new InvalidDataException($"Column '{chunk.Path}' has {slots} values where its footer has {chunk.Values}.");
    }

    private static PageHeader Parse(byte[] bytes, ColumnChunk chunk, long at)
    {
        var reader = new ThriftReader(bytes);
        long type = -1, unfolded = -1, stored = -1, slots = 0, encoding = 0;
        for (int id = 0; reader.NextField(ref id, out ThriftType field);)
            switch (id)
            {
                case 1: type = reader.Integer(); break;
                case 2: unfolded = reader.Integer(); break;
                case 3: stored = reader.Integer(); break;
                case 5: (slots, encoding) = ReadDataPage(ref reader, encodingField: 2); break;
                case 8: (slots, encoding) = ReadDataPage(ref reader, encodingField: 4); break;
                default: reader.Skip(field); break;
            }
        if (stored < 0 || unfolded < 0 || slots < 0) throw new InvalidDataException($"A page header of column '{chunk.Path}' is damaged.");
        if (stored > chunk.Bytes.End - at - reader.Position)
            throw new InvalidDataException($"A page of column '{chunk.Path}' runs past its end.");
        if (unfolded > FreeBytes + LargestRatio * stored)
            throw new InvalidDataException($"A page of column '{chunk.Path}' claims to unfold from {stored} to {unfolded} bytes.");
        if (slots > chunk.Values)
            throw new InvalidDataException($"A page of column '{chunk.Path}' claims {slots} of {chunk.Values} values.");
        return new PageHeader(new ByteRange(at, reader.Position + stored), (PageType)type, (int)slots, (PageEncoding)encoding);
    }

    private static (long Slots, long Encoding) ReadDataPage(ref ThriftReader reader, int encodingField)
    {
        long slots = 0, encoding = 0;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
        {
            if (id == 1) slots = reader.Integer();
            else if (id == encodingField) encoding = reader.Integer();
            else reader.Skip(type);
        }
        return (slots, encoding);
    }
}
