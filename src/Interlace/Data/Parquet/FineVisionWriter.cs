using System.Runtime.InteropServices;
using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Data.Parquet;

/// <summary>
/// Writes rows in FineVision's schema: <c>images</c>, a list of bytes and path, and <c>texts</c>, a list of user and assistant. The same
/// rows
/// give the same bytes.
/// </summary>
internal sealed class FineVisionWriter : IDisposable
{
    private const long GroupBytes = 64 << 20;
    private const int GroupRows = 1000, PageBytes = 1 << 18;
    private const short NullList = 0, EmptyList = 1, NullValue = 3, Value = 4;   // levels of definition

    private readonly ParquetFileWriter _writer;
    private readonly List<WholeRow> _held = [];
    private long _heldBytes;

    /// <param name="path">The file, which is made or overwritten.</param>
    public FineVisionWriter(string path)
    {
        using WriterPropertiesBuilder builder = new();
        builder.Compression(Compression.Snappy).DisableDictionary().DataPagesize(PageBytes).WriteBatchSize(1).EnableWritePageIndex()
            .DisableStatistics();
        using WriterProperties properties = builder.Build();
        using GroupNode schema = new("schema", Repetition.Required, [List("images", [Leaf("bytes", LogicalType.None()),
            Leaf("path", LogicalType.String())]),
                List("texts", [Leaf("user", LogicalType.String()), Leaf("assistant", LogicalType.String())])]);
        _writer = new ParquetFileWriter(path, schema, properties);
    }

    /// <summary>Adds a row.</summary>
    public void Write(WholeRow row)
    {
        _held.Add(row);
        _heldBytes += row.Bytes;
        if (_held.Count == GroupRows || _heldBytes >= GroupBytes) WriteGroup();
    }

    /// <summary>Writes what is left and the footer.</summary>
    public void Close()
    {
        WriteGroup();
        _writer.Close();
    }

    public void Dispose() => _writer.Dispose();

    private void WriteGroup()
    {
        if (_held.Count == 0) return;
        using RowGroupWriter group = _writer.AppendRowGroup();
        WriteColumn(group, _held.Select(row => row.Images));
        WriteColumn(group, _held.Select(row => row.Paths
            ?? row.Images with { Values = [.. row.Images.Values.Select(_ => (byte[]?)null)] }));
        WriteColumn(group, _held.Select(row => row.Questions));
        WriteColumn(group, _held.Select(row => row.Answers));
        _held.Clear();
        _heldBytes = 0;
    }

    private static void WriteColumn(RowGroupWriter group, IEnumerable<ListRow> lists)
    {
        using var writer = (ColumnWriter<ByteArray>)group.NextColumn();
        foreach (ListRow list in lists)
        {
            if (list.Values.Count == 0) writer.WriteBatch(1, [list.IsNull ? NullList : EmptyList], [0], []);
            foreach (var (i, value) in list.Values.Index())
            {
                short again = (short)(i == 0 ? 0 : 1);
                if (value is null) writer.WriteBatch(1, [NullValue], [again], []);
                else WriteValue(writer, value, again);
            }
        }
    }

    private static void WriteValue(ColumnWriter<ByteArray> writer, byte[] value, short again)
    {
        GCHandle pin = GCHandle.Alloc(value, GCHandleType.Pinned);
        try
        {
            writer.WriteBatch(1, [Value], [again], [new ByteArray(pin.AddrOfPinnedObject(), value.Length)]);
        }
        finally
        {
            pin.Free();
        }
    }

    private static GroupNode List(string name, Node[] fields) => new(name, Repetition.Optional,
        [new GroupNode("list", Repetition.Repeated, [new GroupNode("element", Repetition.Optional, fields)])], LogicalType.List());

    private static PrimitiveNode Leaf(string name, LogicalType type) => new(name, Repetition.Optional, type, PhysicalType.ByteArray);
}
