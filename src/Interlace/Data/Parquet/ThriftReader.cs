using System.Text;

namespace Interlace.Data.Parquet;

/// <summary>
/// Reads Thrift's compact protocol, in which Parquet writes its footer and page headers. Everything is bounds-checked: what does
/// not parse throws <see cref="InvalidDataException"/>, and what runs past the given bytes <see cref="EndOfStreamException"/>.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    private const int DeepestNesting = 16;
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Reads the head of a struct's next field; false at the end of the struct.
    /// <paramref name="id"/> is 0 before the first field.</summary>
    public bool NextField(ref int id, out ThriftType type)
    {
        byte head = Byte();
        type = (ThriftType)(head & 15);
        if (type == ThriftType.Stop) return false;
        id = head >> 4 is > 0 and int step ? id + step : (int)Integer();
        return true;
    }

    /// <summary>A 16-, 32- or 64-bit integer.</summary>
    public long Integer()
    {
        ulong raw = Varint();
        return (long)(raw >> 1) ^ -(long)(raw & 1);
    }

    /// <summary>A string or byte array, as UTF-8.</summary>
    public string Text() => Encoding.UTF8.GetString(Take(Length(Varint())));

    /// <summary>The head of a list: how many elements follow. Each takes a byte or more, so there are not more than bytes left.</summary>
    public int List(out ThriftType element)
    {
        byte head = Byte();
        element = (ThriftType)(head & 15);
        int count = Length(head >> 4 == 15 ? Varint() : (ulong)(head >> 4));
        return count <= _bytes.Length - Position ? count : throw new EndOfStreamException("The metadata end too early.");
    }

    /// <summary>Passes over a value of any type.</summary>
    public void Skip(ThriftType type) => Skip(type, 0);

    private void Skip(ThriftType type, int depth)
    {
        if (depth > DeepestNesting) throw new InvalidDataException("The metadata are nested too deeply.");
        switch (type)
        {
            case ThriftType.True or ThriftType.False: break;
            case ThriftType.Byte: Take(1); break;
            case ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64: Varint(); break;
            case ThriftType.Double: Take(8); break;
            case ThriftType.Binary: Take(Length(Varint())); break;
            case ThriftType.List or ThriftType.Set:
                // A truth value takes a byte inside a list, none as a field.
                for (int i = List(out ThriftType element); i > 0; i--)
                    Skip(element <= ThriftType.False ? ThriftType.Byte : element, depth + 1);
                break;
            case ThriftType.Struct:
                for (int id = 0; NextField(ref id, out ThriftType field);) Skip(field, depth + 1);
                break;
            default: throw new InvalidDataException($"The metadata hold a value of unknown type {(int)type}.");
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Byte();
            value |= (ulong)(b & 127) << shift;
            if (b < 128) return value;
        }
        throw new InvalidDataException("The metadata hold an endless number.");
    }

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - Position) throw new EndOfStreamException("The metadata end too early.");
        Position += count;
        return _bytes.Slice(Position - count, count);
    }

    private static int Length(ulong value) =>
        value <= int.MaxValue ? (int)value : throw new InvalidDataException("The metadata hold an impossible length.");
}

/// <summary>Types of Thrift's compact protocol; maps do not occur in Parquet's metadata.</summary>
internal enum ThriftType { Stop, True, False, Byte, Int16, Int32, Int64, Double, Binary, List, Set, Map, Struct }
