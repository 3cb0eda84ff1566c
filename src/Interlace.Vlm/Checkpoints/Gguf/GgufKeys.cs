using System.Buffers.Binary;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>
/// The keys and values of a GGUF file. Where each value lies is found once, and it is read when it is asked for: a list in a file
/// may be as long as the file.
/// </summary>
public sealed class GgufKeys
{
    private const int LongestKey = 256, LongestText = 1 << 20;

    // Types of values, by their numbers in the file.
    private const uint U8 = 0, I8 = 1, U16 = 2, I16 = 3, U32 = 4, I32 = 5, F32 = 6, Bool = 7, String = 8, Array = 9, U64 = 10, I64 = 11,
        F64 = 12;

    private static readonly string[] TypeNames =
        ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "text", "list", "u64", "i64", "f64"];

    private readonly GgufReader _reader;
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

    /// <summary>Finds the values; the reader stands behind them afterwards.</summary>
    internal GgufKeys(GgufReader reader, long count)
    {
        _reader = reader;
        for (long i = 0; i < count; i++)
        {
            string key = reader.Text("a key", LongestKey), what = $"the value of {Printable.Quote(key)}";
            long start = reader.At;
            uint type = reader.U32(what), items = Array;
            long length = 1;
            if (type == Array)
            {
                items = reader.U32(what);
                if (items == Array) throw new InputException($"{Path}: {what} is a list of lists, which no model has.");
                length = reader.Count($"items of {Printable.Quote(key)}", long.MaxValue, Math.Max(1, SizeOf(items, what)));
            }
            long place = reader.At;
            Skip(type == Array ? items : type, length, what);
            if (!_values.TryAdd(key, new(type, items, length, place, start, reader.At)))
                throw new InputException($"{Path} has the key {Printable.Quote(key)} twice. Download or convert it again.");
        }
    }

    /// <summary>The file, for messages.</summary>
    public string Path => _reader.Path;

    /// <summary>All keys.</summary>
    public IReadOnlyCollection<string> Names => _values.Keys;

    /// <summary>Whether a key is there.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A whole number, or null where the key is absent.</summary>
    /// <exception cref="InputException">It is of another kind, or out of range.</exception>
    public long? Number(string key)
    {
        if (Find(key) is not { } value) return null;
        var bytes = At(value, key);
        return value.Type switch
        {
            U8 => bytes[0],
            I8 => (sbyte)bytes[0],
            U16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            U32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            U64 when BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var n and <= long.MaxValue => (long)n,
            _ => throw Wrong(key, value, "a whole number"),
        };
    }

    /// <summary>A whole number from 1 to 2^31 - 1, or null where the key is absent.</summary>
    /// <exception cref="InputException">It is of another kind, or out of range.</exception>
    public int? Count(string key) => Number(key) switch
    {
        null => null,
        >= 1 and <= int.MaxValue and var n => (int)n,
        var n => throw new InputException($"{Path}: {key} is {n}, expected a positive number. Download or convert it again."),
    };

    /// <summary>A finite number; one of single precision gets the shortest decimal digits that read back the same.
    /// Null where the key is absent.</summary>
    /// <exception cref="InputException">It is of another kind, or not finite.</exception>
    public double? Real(string key)
    {
        if (Find(key) is not { } value) return null;
        double number = value.Type switch
        {
            F32 => double.Parse(BinaryPrimitives.ReadSingleLittleEndian(At(value, key)).ToString("R")),
            F64 => BinaryPrimitives.ReadDoubleLittleEndian(At(value, key)),
            _ => throw Wrong(key, value, "a number with a fraction"),
        };
        return double.IsFinite(number) ? number : throw new InputException($"{Path}: {key} is no number. Download or convert it again.");
    }

    /// <summary>True or false, or null where the key is absent.</summary>
    /// <exception cref="InputException">It is of another kind.</exception>
    public bool? Flag(string key)
    {
        if (Find(key) is not { } value) return null;
        return value.Type == Bool && At(value, key)[0] is <= 1 and var bit ? bit == 1 : throw Wrong(key, value, "true or false");
    }

    /// <summary>A text, or null where the key is absent.</summary>
    /// <exception cref="InputException">It is of another kind, no UTF-8, or longer than 1 MiB.</exception>
    public string? Text(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type != String) throw Wrong(key, value, "a text");
        _reader.At = value.Place;
        return _reader.Text($"the value of {key}", LongestText);
    }

    /// <summary>A list of texts, or null where the key is absent.</summary>
    /// <param name="key">The key.</param>
    /// <param name="most">Most items.</param>
    /// <param name="longest">Most bytes of an item.</param>
    /// <exception cref="InputException">It is of another kind or longer, or an item is.</exception>
    public string[]? Texts(string key, int most, int longest)
    {
        if (List(key, most, String, "texts") is not { } value) return null;
        string[] texts = new string[value.Length];
        for (int i = 0; i < texts.Length; i++) texts[i] = _reader.Text($"item {i} of {key}", longest);
        return texts;
    }

    /// <summary>A list of whole numbers of 32 bits, or null where the key is absent.</summary>
    /// <param name="key">The key.</param>
    /// <param name="most">Most items.</param>
    /// <exception cref="InputException">It is of another kind or longer.</exception>
    public int[]? Integers(string key, int most)
    {
        if (List(key, most, I32, "whole numbers") is not { } value) return null;
        int[] numbers = new int[value.Length];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = BinaryPrimitives.ReadInt32LittleEndian(_reader.Take(4, key));
        return numbers;
    }

    /// <summary>Whether a key has a value, of the same type.</summary>
    /// <param name="entry">The key and the value.</param>
    public bool Has(GgufEntry entry)
    {
        if (Find(entry.Key) is not { } value) return false;
        byte[] expected = entry.Encoded();
        if (value.End - value.Start != expected.Length) return false;
        _reader.At = value.Start;
        return _reader.Take(expected.Length, entry.Key).SequenceEqual(expected);
    }

    /// <summary>The value of a key that every such file has.</summary>
    /// <exception cref="InputException">It is absent.</exception>
    public T Required<T>(string key, T? value) where T : struct => value ?? throw Missing(key);

    /// <inheritdoc cref="Required{T}(string, T?)"/>
    public T Required<T>(string key, T? value) where T : class => value ?? throw Missing(key);

    private InputException Missing(string key) =>
        new($"{Path} has no key {key}, which a complete model has. Download or convert it again.");

    private Value? List(string key, int most, uint items, string what)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type != Array || value.Items != items) throw Wrong(key, value, $"a list of {what}");
        if (value.Length > most) throw new InputException($"{Path}: {key} has {value.Length} items, more than the {most} that are read.");
        _reader.At = value.Place;
        return value;
    }

    private Value? Find(string key) => _values.TryGetValue(key, out var value) ? value : null;

    private ReadOnlySpan<byte> At(Value value, string key)
    {
        if (value.Type is String or Array) throw Wrong(key, value, "a single number");
        _reader.At = value.Place;
        return _reader.Take(SizeOf(value.Type, key), key);
    }

    private InputException Wrong(string key, Value value, string expected) =>
        new($"{Path}: {key} is of type {TypeNames[value.Type]}, expected {expected}. Download or convert it again.");

    private void Skip(uint type, long count, string what)
    {
        if (type != String) _reader.Skip(count * SizeOf(type, what), what);   // a count fits into the file by its item's size
        else for (long i = 0; i < count; i++) _reader.SkipText(what);
    }

    /// <summary>Bytes of a value; the least of a text.</summary>
    private int SizeOf(uint type, string what) => type switch
    {
        U8 or I8 or Bool => 1,
        U16 or I16 => 2,
        U32 or I32 or F32 => 4,
        U64 or I64 or F64 or String => 8,
        _ => throw new InputException($"{Path}: {what} is of the unknown type {type}. Download or convert it again."),
    };

    /// <summary>Where a value lies, and where its type before it begins.</summary>
    private readonly record struct Value(uint Type, uint Items, long Length, long Place, long Start, long End);
}
