using System.Buffers;
using System.Security.Cryptography;
using Interlace.Vlm;

namespace Interlace.Data.Json;

/// <summary>
/// Finds where the rows of a JSON file stand: the elements of its array, or its lines. Memory is one buffer, whatever the file's size and
/// that of its rows. A row is not looked into beyond its brackets and texts, so that a damaged one costs itself alone.
/// </summary>
/// <param name="file">The file, of which any place can be read; rows are looked for forwards.</param>
/// <param name="path">What messages call it.</param>
/// <param name="hash">Takes every byte that is read.</param>
internal sealed class JsonRows(Stream file, string path, IncrementalHash? hash = null)
{
    /// <summary>Most bytes of a row that are read.</summary>
    public const int MostRowBytes = 64 << 20;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"[]{},"u8), InText = SearchValues.Create("\"\\"u8);
    private readonly byte[] _buffer = new byte[1 << 17];
    private long _bufferStart;
    private int _at, _filled;
    private bool _isOver;

    /// <summary>Whether the rows are the elements of an array, and not lines.</summary>
    public bool IsArray { get; set; }

    /// <summary>Byte at which the row begins.</summary>
    public long Start { get; private set; }

    /// <summary>Its bytes, without the line feed or comma behind it.</summary>
    public long Length => _end - Start;

    /// <summary>Line at which it begins, from 1; counted from where the reading began.</summary>
    public long Line { get; private set; }

    private long _end, _line = 1;

    private long Position => _bufferStart + _at;

    /// <summary>Goes to the beginning and sees whether the file is an array.</summary>
    public void Begin()
    {
        (IsArray, _isOver) = (false, false);
        Seek(0);
        if (More() && _buffer.AsSpan(0, _filled) is [0xEF, 0xBB, 0xBF, ..]) Take(3);   // a byte order mark
        if (Peek() != '[') return;
        Take(1);
        IsArray = true;
    }

    /// <summary>Goes to a row that was found before.</summary>
    public void Seek(long start)
    {
        file.Position = start;
        (_bufferStart, _at, _filled) = (start, 0, 0);
    }

    /// <summary>Goes on to the next row; false where there is none.</summary>
    /// <exception cref="InputException">The array is cut off, or something stands behind it.</exception>
    public bool Next() => !_isOver && (IsArray ? NextElement() : NextLine());

    /// <summary>The row itself.</summary>
    /// <exception cref="InputException">The file has become shorter.</exception>
    public byte[] Bytes()
    {
        byte[] bytes = new byte[Length];
        long next = file.Position;   // where the search for rows goes on
        file.Position = Start;
        if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw new InputException($"The data file '{path}' became shorter while it was read: start again.");
        file.Position = next;
        return bytes;
    }

    private bool NextLine()
    {
        if (Peek() < 0) return false;   // passes over empty lines
        Mark();
        while (More())
        {
            int end = Left.IndexOf((byte)'\n');
            Take(end < 0 ? Left.Length : end);
            if (end >= 0) break;
        }
        _end = Position;
        return true;
    }

    private bool NextElement()
    {
        if (Peek() == ',') Take(1);   // behind the row before
        if (Peek() == ']')
        {
            Take(1);
            _isOver = true;
            return Peek() < 0 ? false
                : throw new InputException($"The data file '{path}' goes on behind the end of its array, in line {_line}: "
                    + "write all rows into one array, or each on a line of its own.");
        }
        Mark();
        for (int depth = 0; ;)
        {
            byte sign = TakeUpTo(Structure);
            if (depth == 0 && sign is (byte)',' or (byte)']') break;
            Take(1);
            if (sign == '"') PassText();
            else if (sign is (byte)'[' or (byte)'{') depth++;
            else if (sign != ',' && depth > 0) depth--;
        }
        _end = Position;
        return true;
    }

    private void PassText()
    {
        while (TakeUpTo(InText) == '\\')
        {
            Take(1);
            if (More()) Take(1);   // what is escaped
        }
        Take(1);
    }

    /// <summary>Passes over what is none of the signs, and gives the sign.</summary>
    private byte TakeUpTo(SearchValues<byte> signs)
    {
        while (More())
        {
            int at = Left.IndexOfAny(signs);
            Take(at < 0 ? Left.Length : at);
            if (at >= 0) return _buffer[_at];
        }
        throw new InputException($"The data file '{path}' ends within the row that begins in line {Line}: it is cut off, "
            + "or a quote or bracket of that row has no end.");
    }

    /// <summary>The next byte that is not white space; -1 at the end.</summary>
    private int Peek()
    {
        while (More())
        {
            int at = Left.IndexOfAnyExcept(" \t\r\n"u8);
            Take(at < 0 ? Left.Length : at);
            if (at >= 0) return _buffer[_at];
        }
        return -1;
    }

    private void Mark() => (Start, Line) = (Position, _line);

    private Span<byte> Left => _buffer.AsSpan(_at, _filled - _at);

    private void Take(int count)
    {
        _line += Left[..count].Count((byte)'\n');
        _at += count;
    }

    private bool More()
    {
        if (_at < _filled) return true;
        _bufferStart += _filled;
        _at = 0;
        _filled = file.Read(_buffer);
        hash?.AppendData(_buffer, 0, _filled);
        return _filled > 0;
    }
}
