using System.Runtime.InteropServices;
using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Tests.Data;

/// <summary>A row to write: null lists, null elements and null texts as FineVision's schema allows them.</summary>
internal sealed record TestRow(byte[]?[]? Images, (string? User, string? Assistant)[]? Turns);

/// <summary>How a test file is laid out.</summary>
internal sealed record Layout(Compression Compression = Compression.Snappy, bool Dictionary = true, int RowsPerGroup = int.MaxValue, int PageBytes = 1 << 20, bool PageIndex = false, bool Paths = true, bool Version2Pages = false, long DictionaryBytes = 1 << 20);

/// <summary>Writes Parquet files in FineVision's schema, in any physical layout.</summary>
internal static class ParquetRows
{
    public static void Write(string path, IReadOnlyList<TestRow> rows, Layout layout)
    {
        using WriterPropertiesBuilder builder = new();
        builder.Compression(layout.Compression).DataPagesize(layout.PageBytes).WriteBatchSize(1).DictionaryPagesizeLimit(layout.DictionaryBytes).DataPageVersion(layout.Version2Pages ? ParquetDataPageVersion.V2 : ParquetDataPageVersion.V1);
        if (!layout.Dictionary) builder.DisableDictionary();
        if (layout.PageIndex) builder.EnableWritePageIndex();
        using WriterProperties properties = builder.Build();
        using GroupNode schema = Schema(layout.Paths);
        using var writer = new ParquetFileWriter(path, schema, properties);
        foreach (TestRow[] group in rows.Chunk(layout.RowsPerGroup))
        {
            using RowGroupWriter groupWriter = writer.AppendRowGroup();
            WriteLists(groupWriter, [.. group.Select(row => row.Images)], image => image);
            if (layout.Paths) WriteLists(groupWriter, [.. group.Select(row => row.Images)], _ => "picture.jpg"u8.ToArray());
            WriteLists(groupWriter, [.. group.Select(row => row.Turns)], turn => Utf8(turn.User));
            WriteLists(groupWriter, [.. group.Select(row => row.Turns)], turn => Utf8(turn.Assistant));
        }
        writer.Close();
    }

    /// <summary>A file with other columns than FineVision's.</summary>
    public static void WriteForeign(string path)
    {
        using var writer = new ParquetFileWriter(path, [new Column<int>("number")]);
        using RowGroupWriter group = writer.AppendRowGroup();
        using (LogicalColumnWriter<int> column = group.NextColumn().LogicalWriter<int>()) column.WriteBatch([1, 2, 3]);
        writer.Close();
    }

    private static GroupNode Schema(bool paths)
    {
        Node[] image = [Leaf("bytes", LogicalType.None()), .. paths ? [Leaf("path", LogicalType.String())] : Array.Empty<Node>()];
        return new GroupNode("schema", Repetition.Required, [List("images", image), List("texts", [Leaf("user", LogicalType.String()), Leaf("assistant", LogicalType.String())])]);
    }

    private static GroupNode List(string name, Node[] fields) => new(name, Repetition.Optional,
        [new GroupNode("list", Repetition.Repeated, [new GroupNode("element", Repetition.Optional, fields)])], LogicalType.List());

    private static PrimitiveNode Leaf(string name, LogicalType type) => new(name, Repetition.Optional, type, PhysicalType.ByteArray);

    private static byte[]? Utf8(string? text) => text is null ? null : System.Text.Encoding.UTF8.GetBytes(text);

    // Definition levels: 0 null list, 1 empty list, 3 null value, 4 value.
    private static unsafe void WriteLists<T>(RowGroupWriter group, IReadOnlyList<T[]?> lists, Func<T, byte[]?> value)
    {
        using var writer = (ColumnWriter<ByteArray>)group.NextColumn();
        foreach (T[]? list in lists)
        {
            // A row in one call: pages end where rows do.
            byte[]?[] all = list is null ? [] : [.. list.Select(value)];
            GCHandle[] pins = [.. all.Where(bytes => bytes is not null).Select(bytes => GCHandle.Alloc(bytes, GCHandleType.Pinned))];
            ByteArray[] values = [.. pins.Select(pin => new ByteArray(pin.AddrOfPinnedObject(), ((byte[])pin.Target!).Length))];
            short[] levels = all.Length == 0 ? [(short)(list is null ? 0 : 1)] : [.. all.Select(bytes => (short)(bytes is null ? 3 : 4))];
            writer.WriteBatch(levels.Length, levels, [.. levels.Select((_, i) => (short)(i == 0 ? 0 : 1))], values);
            foreach (GCHandle pin in pins) pin.Free();
        }
    }
}
