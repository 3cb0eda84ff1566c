using System.Runtime.InteropServices;
using Interlace.Vlm;
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

    private readonly string _path;
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
        _path = path;
        _writer = new ParquetFileWriter(path, schema, properties);
    }

    /// <summary>Adds a row.</summary>
    public void Write(WholeRow row)
    {
        _held.Add(row);
        _heldBytes += row.Bytes;
        if (_held.Count == GroupRows || _heldBytes >= GroupBytes) OnDisk(WriteGroup);
    }

    /// <summary>Writes what is left and the footer.</summary>
    public void Close()
    {
        OnDisk(WriteGroup);
        OnDisk(_writer.Close);
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>What the disk refuses, as a sentence.</summary>
    private void OnDisk(Action write)
    {
        try
        {
            write();
        }
        catch (ParquetException e)
        {
            throw new InputException($"{_path} cannot be written: {FineVisionFile.Reason(e)}.", e);
        }
    }

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

    /// <summary>One call for all rows: pages end where rows do, which a page index asks for.</summary>
    private static void WriteColumn(RowGroupWriter group, IEnumerable<ListRow> lists)
    {
        var (levels, again, values, pins) = (new List<short>(), new List<short>(), new List<ByteArray>(), new List<GCHandle>());
        try
        {
            foreach (ListRow list in lists)
            {
                if (list.Values.Count == 0)
                {
                    levels.Add(list.IsNull ? NullList : EmptyList);
                    again.Add(0);
                }
                foreach (var (i, value) in list.Values.Index())
                {
                    levels.Add(value is null ? NullValue : Value);
                    again.Add((short)(i == 0 ? 0 : 1));
                    if (value is null) continue;
                    pins.Add(GCHandle.Alloc(value, GCHandleType.Pinned));
                    values.Add(new ByteArray(pins[^1].AddrOfPinnedObject(), value.Length));
                }
            }
            using var writer = (ColumnWriter<ByteArray>)group.NextColumn();
            writer.WriteBatch(levels.Count, [.. levels], [.. again], [.. values]);
        }
        finally
        {
            pins.ForEach(pin => pin.Free());
        }
    }

    private static GroupNode List(string name, Node[] fields) => new(name, Repetition.Optional,
        [new GroupNode("list", Repetition.Repeated, [new GroupNode("element", Repetition.Optional, fields)])], LogicalType.List());

    private static PrimitiveNode Leaf(string name, LogicalType type) => new(name, Repetition.Optional, type, PhysicalType.ByteArray);
}
