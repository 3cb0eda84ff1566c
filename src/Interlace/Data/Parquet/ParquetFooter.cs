using System.Buffers.Binary;
using ParquetSharp;

namespace Interlace.Data.Parquet;

/// <summary>
/// The part of a Parquet footer that sampling needs: rows per group, and where the chunks lie (which the Parquet library does not tell).
/// </summary>
/// <param name="Length">Bytes of the footer with its length and magic number.</param>
/// <param name="RowGroups">In file order.</param>
internal sealed record ParquetFooter(int Length, IReadOnlyList<RowGroup> RowGroups)
{
    /// <summary>
    /// Rows and values that are believed of any file, because repetitions and nulls are stored in next to nothing.
    /// Beyond them each needs a byte: a count costs time and memory before the first value is read.
    /// </summary>
    public const long FreeCount = 1 << 18;

    private const int Tail = 8, LongestFooter = 256 << 20, DeepestSchema = 32;

    /// <summary>Reads the footer of a file. Throws <see cref="InvalidDataException"/> or <see cref="EndOfStreamException"/>
    /// where it is none.</summary>
    public static ParquetFooter Read(ShardStream stream)
    {
        Span<byte> tail = stackalloc byte[Tail];
        if (stream.Length < Tail + 4 || stream.ReadAt(stream.Length - Tail, tail) < Tail || !tail[4..].SequenceEqual("PAR1"u8))
            throw new InvalidDataException("The file does not end as a Parquet file does.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (length <= 0 || length > LongestFooter || length > stream.Length - Tail - 4)
            throw new InvalidDataException($"A footer of {length} bytes is impossible.");

        byte[] footer = new byte[length];
        if (stream.ReadAt(stream.Length - Tail - length, footer) < length) throw new EndOfStreamException("The file ends too early.");
        var reader = new ThriftReader(footer);
        List<RowGroup> groups = [];
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
        {
            if (id == 2) CheckSchema(ref reader);
            else if (id == 4)
                for (int i = reader.List(out _); i > 0; i--) groups.Add(ReadRowGroup(ref reader, stream.Length - Tail - length));
            else reader.Skip(type);
        }
        CheckSizes(groups, stream.Length);
        return new ParquetFooter(length + Tail, groups);
    }

    /// <summary>The library's reader of the file; it leaves the stream open.</summary>
    public ParquetFileReader Open(ShardStream stream)
    {
        using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream();
        properties.EnablePageChecksumVerification();
        properties.SetFooterReadSize(Length);
        return new(stream, properties, leaveOpen: true);
    }

    /// <summary>The groups that rows lie in, with the row that each begins with, and its rows numbered within it.</summary>
    /// <param name="rows">0-based in the file, ascending, without repetition.</param>
    /// <exception cref="InvalidDataException">The file has fewer rows; told behind the last group that is there.</exception>
    public IEnumerable<(int Group, long First, List<long> Rows)> GroupsOf(IReadOnlyList<long> rows)
    {
        long first = 0;
        int at = 0;
        for (int group = 0; group < RowGroups.Count && at < rows.Count; group++)
        {
            long end = first + RowGroups[group].Rows;
            List<long> local = [];
            for (; at < rows.Count && rows[at] < end; at++) local.Add(rows[at] - first);
            if (local.Count > 0) yield return (group, first, local);
            first = end;
        }
        if (at < rows.Count) throw new InvalidDataException("The file has fewer rows than it had.");
    }

    private static void CheckSizes(List<RowGroup> groups, long length)
    {
        long rows = 0, bytes = 0;
        foreach (RowGroup group in groups)
        {
            if (group.Rows > FreeCount + length - rows)
                throw new InvalidDataException($"it claims to have {(Int128)rows + group.Rows} rows in {length} bytes.");
            rows += group.Rows;
            foreach (ColumnChunk column in group.Columns)
                if ((bytes += column.Bytes.Length) > length) throw new InvalidDataException("its columns overlap.");
        }
    }

    /// <summary>The Parquet library goes down the schema by recursion, and a stack that overflows ends the program.</summary>
    private static void CheckSchema(ref ThriftReader reader)
    {
        var open = new Stack<long>();   // children still to come of the nodes above
        for (int i = reader.List(out _); i > 0; i--)
        {
            long children = 0;
            for (int id = 0; reader.NextField(ref id, out ThriftType type);)
            {
                if (id == 5) children = reader.Integer();
                else reader.Skip(type);
            }
            while (open.TryPeek(out long rest) && rest <= 0) open.Pop();
            if (open.TryPop(out long siblings)) open.Push(siblings - 1);
            open.Push(children);
            if (open.Count > DeepestSchema) throw new InvalidDataException("its columns are nested too deeply.");
        }
    }

    private static RowGroup ReadRowGroup(ref ThriftReader reader, long end)
    {
        long rows = 0;
        List<ColumnChunk> columns = [];
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
        {
            if (id == 3) rows = reader.Integer();
            else if (id == 1) for (int i = reader.List(out _); i > 0; i--) columns.Add(ReadChunk(ref reader, end));
            else reader.Skip(type);
        }
        // Every row takes at least one value of every column.
        return rows >= 0 && columns.All(column => column.Values >= rows)
            ? new RowGroup(rows, columns)
            : throw new InvalidDataException($"A row group of {rows} rows is impossible.");
    }

    private static ColumnChunk ReadChunk(ref ThriftReader reader, long end)
    {
        ColumnChunk? chunk = null;
        long index = 0, indexLength = 0;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
            switch (id)
            {
                case 3: chunk = ReadMetadata(ref reader); break;
                case 4: index = reader.Integer(); break;
                case 5: indexLength = reader.Integer(); break;
                default: reader.Skip(type); break;
            }
        if (chunk is null) throw new InvalidDataException("A column has no metadata, or they are encrypted.");
        bool inside = chunk.Bytes.Start >= 4 && chunk.Bytes.Length >= 0 && chunk.Bytes.Length <= end - chunk.Bytes.Start
            && chunk.Values >= 0;
        if (inside && index >= 4 && indexLength > 0 && indexLength <= end - index)
            chunk = chunk with { PageIndex = new ByteRange(index, indexLength) };   // one elsewhere is none
        return inside ? chunk : throw new InvalidDataException($"Column '{chunk.Path}' lies outside the file.");
    }

    private static ColumnChunk ReadMetadata(ref ThriftReader reader)
    {
        List<string> path = [];
        long values = 0, size = 0, data = 0, dictionary = 0;
        for (int id = 0; reader.NextField(ref id, out ThriftType type);)
            switch (id)
            {
                case 3: for (int i = reader.List(out _); i > 0; i--) path.Add(reader.Text()); break;
                case 5: values = reader.Integer(); break;
                case 7: size = reader.Integer(); break;
                case 9: data = reader.Integer(); break;
                case 11: dictionary = reader.Integer(); break;
                default: reader.Skip(type); break;
            }
        return new ColumnChunk(string.Join('.', path), new ByteRange(dictionary > 0 && dictionary < data ? dictionary : data, size),
            values);
    }
}
