using System.Runtime.InteropServices;
using ParquetSharp;
using ParquetSharp.Schema;

namespace Interlace.Data.Parquet;

/// <summary>A column of byte arrays under one level of lists, in one row group, read forwards and copied out value by value.</summary>
internal sealed class ListColumn : IDisposable
{
    private const int Batch = 1024, MostEmptyPages = 64;
    private readonly ColumnReader<ByteArray> _reader;
    private readonly int _elementLevel, _valueLevel, _batch;
    private readonly short[] _definitions = new short[Batch], _repetitions = new short[Batch];
    private readonly ByteArray[] _values = new ByteArray[Batch];
    private int _at, _filled, _value;
    private long _consumed;
    private readonly long _total;

    /// <param name="group">The row group.</param>
    /// <param name="column">The column's place among the leaves of the schema.</param>
    /// <param name="pages">Its pages, or those that <see cref="ShardStream.Gather"/> has left of them.</param>
    public ListColumn(RowGroupReader group, int column, IReadOnlyList<PageHeader> pages)
    {
        ColumnDescriptor descriptor = group.MetaData.Schema.Column(column);
        if (descriptor.PhysicalType != PhysicalType.ByteArray || descriptor.MaxRepetitionLevel != 1)
            throw new InvalidDataException($"Column '{descriptor.Path.ToDotString()}' is not a list of byte arrays.");
        _valueLevel = descriptor.MaxDefinitionLevel;
        _elementLevel = ElementLevel(descriptor);
        _reader = (ColumnReader<ByteArray>)group.Column(column);
        _total = pages.Sum(page => (long)page.Slots);
        // Values stored as what differs from the one before are written out for a whole batch:
        // a page of megabytes would unfold to gigabytes.
        _batch = pages.Any(page => page.Encoding == PageEncoding.DeltaByteArray) ? 1 : Batch;
    }

    /// <summary>The rows asked for (ascending, 0-based in the row group). Reads on to the end of the last of them.</summary>
    public IEnumerable<ListRow> Rows(IEnumerable<long> rows, ListLimits limits)
    {
        long next = 0;
        foreach (long row in rows)
        {
            while (next++ < row) ReadRow(default);
            yield return ReadRow(limits);
        }
    }

    /// <summary>The values at slots that were found before; slots are asked for in ascending order
    /// and nothing past them is touched.</summary>
    public IReadOnlyList<byte[]?> At(LevelRange slots)
    {
        while (_consumed < slots.First && _at < _filled) Pass();
        for (int tries = 0; _consumed < slots.First && tries <= MostEmptyPages; tries++)
            _consumed += _reader.Skip(_batch == 1 ? 1 : slots.First - _consumed);
        if (_consumed < slots.First) throw TooShort();
        List<byte[]?> found = [];
        while (_consumed < slots.End)
        {
            if (_at == _filled && !Fill((int)Math.Min(_batch, slots.End - _consumed))) throw TooShort();
            if (_definitions[_at] >= _elementLevel) found.Add(Current());
            Pass();
        }
        return found;
    }

    public void Dispose() => _reader.Dispose();

    private ListRow ReadRow(ListLimits limits)
    {
        if (_at == _filled && !Fill(_batch)) throw TooShort();
        long first = _consumed, bytes = 0;
        int count = 0;
        List<byte[]?> found = [];
        bool isNull = _definitions[_at] < _elementLevel - 1;
        do
        {
            if (_definitions[_at] >= _elementLevel && count++ < limits.Values)
            {
                bytes += Length();
                found.Add(bytes > limits.Bytes ? [] : Current());
            }
            Pass();
        }
        while ((_at < _filled || Fill(_batch)) && _repetitions[_at] > 0);
        return new ListRow(new LevelRange(first, checked((int)(_consumed - first))), count, found, bytes, isNull);
    }

    private long Length() => _definitions[_at] < _valueLevel ? 0 : _values[_value].Length;

    private byte[]? Current()
    {
        if (_definitions[_at] < _valueLevel) return null;
        ByteArray value = _values[_value];
        byte[] copy = new byte[value.Length];
        Marshal.Copy(value.Pointer, copy, 0, copy.Length);
        return copy;
    }

    private void Pass()
    {
        if (_definitions[_at] == _valueLevel) _value++;
        _at++;
        _consumed++;
    }

    private bool Fill(int most)
    {
        (_at, _filled, _value) = (0, 0, 0);
        // A data page without values, which writers leave where a dictionary grows too large, looks like the end of the column to the
        // library: ask again while values are owed.
        for (int tries = 0; _filled == 0 && _consumed < _total && tries <= MostEmptyPages; tries++)
            if (_reader.HasNext) _filled = (int)_reader.ReadBatch(most, _definitions, _repetitions, _values, out _);
        return _filled > 0;
    }

    // Definition levels count the optional and repeated nodes that are there: from the repeated one on, there is an element.
    private static int ElementLevel(ColumnDescriptor descriptor)
    {
        int level = descriptor.MaxDefinitionLevel;
        for (Node? node = descriptor.SchemaNode; node is not null && node.Repetition != Repetition.Repeated; node = node.Parent)
            if (node.Repetition == Repetition.Optional) level--;
        return level;
    }

    private static InvalidDataException TooShort() => new("A column has fewer rows than its row group.");
}
