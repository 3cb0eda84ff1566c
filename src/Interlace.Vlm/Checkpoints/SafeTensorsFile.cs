using System.Buffers.Binary;
using System.Text.Json;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped and read-only. Every field of the header is checked before a byte of data is touched:
/// lengths against the file, offsets for order, gaps and overlaps, shapes against byte counts.
/// </summary>
public sealed unsafe class SafeTensorsFile : IDisposable
{
    private const long LargestHeader = 100_000_000;   // the format's own limit

    private readonly MappedFile _file;

    private SafeTensorsFile(string path, MappedFile file, IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string> metadata) =>
        (Path, _file, Tensors, Metadata) = (path, file, tensors, metadata);

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>The header's free text entries.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InputException">The file is absent, truncated, or its header is wrong.</exception>
    public static SafeTensorsFile Open(string path) => MappedFile.Open(path, least: 8,
        size => $"{path} is no safetensors file: it has only {size} bytes. Copy or download it again.", file =>
        {
            ulong header = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(file.Start, 8));
            if (header > LargestHeader || (long)header > file.Size - 8)
            {
                throw new InputException($"{path} is truncated or no safetensors file: its header claims {header} bytes of {file.Size}. "
                    + "Copy or download it again.");
            }
            var json = new ReadOnlySpan<byte>(file.Start + 8, (int)header);
            var (tensors, metadata) = ReadHeader(path, json, 8 + (long)header, file.Size);
            return new SafeTensorsFile(path, file, tensors, metadata);
        });

    /// <summary>The tensor's first byte in the mapping; valid until the file is disposed.</summary>
    public byte* Pointer(TensorEntry entry) => _file.Start + entry.Offset;

    /// <summary>The tensor's bytes in the mapping (tensors of less than 2 GiB); valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(TensorEntry entry) => new(_file.Start + entry.Offset, checked((int)entry.Bytes));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static (IReadOnlyList<TensorEntry>, IReadOnlyDictionary<string, string>) ReadHeader(string path, ReadOnlySpan<byte> json,
        long dataStart, long fileSize)
    {
        var tensors = new List<TensorEntry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            StrictJson.Check(json);
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("not an object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                if (name == "__metadata__") ReadMetadata(ref reader, metadata);
                else tensors.Add(ReadEntry(path, name, ref reader, dataStart));
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw new InputException($"{path}: the header is no valid JSON of the safetensors format ({e.Message}). "
                + "Copy or download the file again.", e);
        }
        tensors.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Bytes.CompareTo(b.Bytes));
        long end = dataStart;
        foreach (var tensor in tensors)
        {
            if (tensor.Offset != end)
            {
                throw new InputException($"{path}: tensor {tensor.Name} starts at byte {tensor.Offset - dataStart} of the data, "
                    + $"expected {end - dataStart}: tensors overlap or leave a gap.");
            }
            end = tensor.Offset + tensor.Bytes;
        }
        if (end != fileSize)
        {
            throw new InputException($"{path} is {(end > fileSize ? "truncated" : "too long")}: "
                + $"its header describes {end} bytes, the file has {fileSize}. Copy or download it again.");
        }
        return (tensors, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            metadata[key] = reader.GetString() ?? "";
        }
    }

    private static TensorEntry ReadEntry(string path, string name, ref Utf8JsonReader reader, long dataStart)
    {
        string? type = null;
        List<long>? shape = null, offsets = null;
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException($"tensor {name} is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype": type = reader.GetString(); break;
                case "shape": shape = ReadNumbers(ref reader); break;
                case "data_offsets": offsets = ReadNumbers(ref reader); break;
                default: throw new JsonException($"tensor {name} has an unknown field {field}");
            }
        }
        if (!Enum.TryParse(type, out ElementType element) || !Enum.IsDefined(element) || char.IsDigit(type![0]))
            throw new InputException($"{path}: tensor {name} has the unknown element type {type ?? "(none)"}.");
        if (shape is null || offsets is not [long begin, long end] || begin < 0 || end < begin || shape.Exists(n => n < 0))
            throw new InputException($"{path}: tensor {name} has no valid shape and data offsets.");
        Int128 bytes = element.Size();
        foreach (long n in shape)
            bytes = bytes * n > long.MaxValue ? throw new InputException($"{path}: tensor {name} is impossibly large.") : bytes * n;
        if (bytes != end - begin)
        {
            throw new InputException($"{path}: tensor {name} of {type} [{string.Join(", ", shape)}] needs {bytes} bytes, "
                + $"the header gives it {end - begin}.");
        }
        if (begin > long.MaxValue - dataStart - (end - begin)) throw new InputException($"{path}: tensor {name} lies outside the file.");
        return new TensorEntry(name, element, [.. shape], dataStart + begin, end - begin);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("an array is missing");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) numbers.Add(reader.GetInt64());
        return numbers;
    }
}
