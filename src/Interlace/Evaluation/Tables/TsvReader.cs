using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Interlace.Vlm;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// Reads tab separated records with the quoting of pandas (evaluation rule 3.1):
/// a field that begins with a quote ends at the next single quote and may hold tabs and newlines,
/// <c>""</c> inside it is a quote, a quote elsewhere is an ordinary character; blank lines are skipped; lines end with LF, CR LF or CR.
/// One pass, a constant amount of memory.
/// </summary>
/// <param name="stream">The content.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="hash">Fed with every byte.</param>
/// <param name="separator">What stands between two cells.</param>
internal sealed class TsvReader(Stream stream, string name, IncrementalHash? hash = null, char separator = '\t')
{
    /// <summary>Bytes kept of a cell in a column whose cells may be long.</summary>
    public const int LongCell = 512;

    /// <summary>Most bytes of a cell that is held in memory: a quote that is never closed takes in the rest of the file.</summary>
    public const int LargestCell = 1 << 26;

    private readonly byte[] _stops = [(byte)separator, (byte)'\n', (byte)'\r'];
    private readonly byte[] _buffer = new byte[1 << 18];
    private readonly ArrayBufferWriter<byte> _value = new();
    private long _bufferOffset;
    private int _at, _filled;

    /// <summary>Reads the next record into <paramref name="cells"/>; false at the end.
    /// Cells of column <paramref name="longColumn"/> (0-based) are cut.</summary>
    /// <exception cref="InputException">The file ends inside a quoted field, or a cell that is kept is too large.</exception>
    public bool ReadRecord(List<RawCell> cells, int longColumn = -1)
    {
        cells.Clear();
        if (_bufferOffset == 0 && _at == 0) SkipByteOrderMark();
        SkipBlankLines();
        if (Peek() < 0) return false;
        do cells.Add(ReadField(keepAll: cells.Count != longColumn));
        while (Take(separator));
        if (Take('\r')) Take('\n');
        else Take('\n');
        return true;
    }

    /// <summary>The unquoted bytes of one field, given as it stands in a file, however large.</summary>
    public static byte[] Unquote(byte[] raw, string name)
    {
        if (raw is not [(byte)'"', ..]) return raw;
        byte[] value = new byte[raw.Length];
        int length = 0;
        for (int at = 1; ;)
        {
            int end = raw.AsSpan(at).IndexOf((byte)'"');
            if (end < 0) throw new InputException($"{name} ends inside a quoted cell; the file is cut off or a quote is unbalanced.");
            raw.AsSpan(at, end).CopyTo(value.AsSpan(length));
            (length, at) = (length + end, at + end + 1);
            if (at == raw.Length || raw[at] != '"')
            {
                raw.AsSpan(at).CopyTo(value.AsSpan(length));   // what stands behind a closed quote belongs to the cell
                return value[..(length + raw.Length - at)];
            }
            value[length++] = raw[at++];
        }
    }

    /// <summary>Reads what is left of the stream, so that the hash covers all of it.</summary>
    public void Drain()
    {
        while (Peek() >= 0) _at = _filled;
    }

    private long Offset => _bufferOffset + _at;

    private int Peek() => _at < _filled || Fill() ? _buffer[_at] : -1;

    private bool Take(char c)
    {
        if (Peek() != c) return false;
        _at++;
        return true;
    }

    private bool Fill()
    {
        _bufferOffset += _filled;
        _at = 0;
        _filled = stream.Read(_buffer);
        hash?.AppendData(_buffer, 0, _filled);
        return _filled > 0;
    }

    private void SkipByteOrderMark()
    {
        if (Peek() >= 0 && _buffer.AsSpan(0, _filled).StartsWith(Encoding.UTF8.Preamble)) _at = 3;
    }

    private void SkipBlankLines()
    {
        while (Peek() is ' ' or '\n' or '\r') _at++;
    }

    private RawCell ReadField(bool keepAll)
    {
        _value.ResetWrittenCount();
        long start = Offset, dropped = 0;
        if (Take('"'))
        {
            do dropped += CopyUntil("\""u8, keepAll);
            while (ClosingQuoteIsDoubled(keepAll, ref dropped));
        }
        dropped += CopyUntil(_stops, keepAll);
        return new(_value.WrittenSpan.ToArray(), dropped > 0, start, Offset - start);
    }

    private bool ClosingQuoteIsDoubled(bool keepAll, ref long dropped)
    {
        if (!Take('"')) throw new InputException($"{name} ends inside a quoted cell; the file is cut off or a quote is unbalanced.");
        if (Peek() != '"') return false;
        dropped += Keep(_buffer.AsSpan(_at++, 1), keepAll);
        return true;
    }

    /// <summary>Copies up to one of <paramref name="stops"/> or the end; returns how many bytes were not kept.</summary>
    private long CopyUntil(ReadOnlySpan<byte> stops, bool keepAll)
    {
        long dropped = 0;
        while (Peek() >= 0)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(_at, _filled - _at);
            int length = rest.IndexOfAny(stops);
            dropped += Keep(length < 0 ? rest : rest[..length], keepAll);
            _at += length < 0 ? rest.Length : length;
            if (length >= 0) break;
        }
        return dropped;
    }

    private int Keep(ReadOnlySpan<byte> bytes, bool all)
    {
        if (all && _value.WrittenCount + bytes.Length > LargestCell)
        {
            throw new InputException($"{name} has a cell of more than {LargestCell} bytes before byte {Offset}; "
                + "a quote is unbalanced there, or the table is none.");
        }
        int keep = all ? bytes.Length : Math.Min(bytes.Length, LongCell - _value.WrittenCount);
        _value.Write(bytes[..keep]);
        return bytes.Length - keep;
    }
}
