using Interlace.Vlm.Files;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>
/// A GGUF file (version 2 or 3, little-endian), memory-mapped and read-only. Every field of its header is held against the file's length
/// before anything is allocated by it: counts, lengths of texts and lists, sizes, offsets, alignment, gaps that are none and overlaps.
/// Source of the layout: the description of the format in ggml.
/// </summary>
public sealed unsafe class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;   // "GGUF"
    private const int MostDimensions = 4, LongestName = 63;
    private const long MostKeys = 1 << 16, MostTensors = 1 << 17, LargestAlignment = 1 << 20;
    private const string Again = "Download or convert it again.";

    private readonly MappedFile _file;

    private GgufFile(string path, MappedFile file, GgufKeys keys, IReadOnlyList<GgufTensor> tensors) =>
        (Path, _file, Keys, Tensors) = (path, file, keys, tensors);

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>What the file says of the model and its tokenizer; valid until the file is disposed.</summary>
    public GgufKeys Keys { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="InputException">The file is absent, no such file, truncated, or its header is wrong.</exception>
    public static GgufFile Open(string path) => MappedFile.Open(path, least: 24,
        size => $"{path} is no GGUF file: it has only {size} bytes. {Again}", file =>
        {
            var (keys, tensors) = Read(new GgufReader(path, file.Start, file.Size));
            return new GgufFile(path, file, keys, tensors);
        });

    /// <summary>Numbers of a tensor.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="from">0-based place of the first number in the file's order, a multiple of the type's block.</param>
    /// <param name="values">Receives them; its length is a multiple of the type's block.</param>
    public void Read(GgufTensor tensor, long from, Span<float> values)
    {
        var type = tensor.Type;
        if (from < 0 || from % type.BlockValues != 0 || values.Length % type.BlockValues != 0 || from > tensor.Elements - values.Length)
            throw new ArgumentOutOfRangeException(nameof(from), from, $"no run of whole blocks of {tensor.Name}");
        long first = from / type.BlockValues * type.BlockBytes;
        int bytes = checked(values.Length / type.BlockValues * type.BlockBytes);
        type.Read(new ReadOnlySpan<byte>(_file.Start + tensor.Offset + first, bytes), values);
    }

    /// <summary>Bytes of a tensor as they lie in the file; valid until the file is disposed.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="from">0-based place of the first byte in the tensor.</param>
    /// <param name="count">How many.</param>
    public ReadOnlySpan<byte> Bytes(GgufTensor tensor, long from, int count)
    {
        if (from < 0 || count < 0 || from > tensor.Bytes - count)
            throw new ArgumentOutOfRangeException(nameof(from), from, $"no bytes of {tensor.Name}");
        return new(_file.Start + tensor.Offset + from, count);
    }

    /// <summary>Whether the file begins with these bytes.</summary>
    public bool BeginsWith(ReadOnlySpan<byte> bytes) =>
        bytes.Length <= _file.Size && new ReadOnlySpan<byte>(_file.Start, bytes.Length).SequenceEqual(bytes);

    /// <summary>Bytes of the whole file.</summary>
    public long Size => _file.Size;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static (GgufKeys, IReadOnlyList<GgufTensor>) Read(GgufReader reader)
    {
        string path = reader.Path;
        if (reader.U32("its first bytes") != Magic) throw new InputException($"{path} is no GGUF file: it does not begin with 'GGUF'.");
        uint version = reader.U32("the version");
        if (version is not (2 or 3))
        {
            bool reversed = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(version) is 2 or 3;
            throw new InputException($"{path} is {(reversed ? "a big-endian GGUF file" : $"of GGUF version {version}")}, "
                + "and version 2 and 3 in little-endian order are read: convert the model again.");
        }
        long tensorCount = reader.Count("tensors", MostTensors, least: 24), keyCount = reader.Count("keys", MostKeys, least: 13);
        var keys = new GgufKeys(reader, keyCount);
        long alignment = keys.Number("general.alignment") ?? 32;
        if (alignment is < 8 or > LargestAlignment || (alignment & alignment - 1) != 0)
            throw new InputException($"{path}: general.alignment is {alignment}, expected a power of two from 8 on. {Again}");
        var infos = new List<(string Name, GgufType Type, long[] Shape, long Offset, long Bytes)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (long i = 0; i < tensorCount; i++)
        {
            var info = ReadInfo(reader);
            if (!names.Add(info.Name)) throw new InputException($"{path} holds the tensor {info.Name} twice. {Again}");
            infos.Add(info);
        }
        long data = (reader.At + alignment - 1) / alignment * alignment;
        var tensors = new List<GgufTensor>(infos.Count);
        foreach (var (name, type, shape, offset, bytes) in infos)
        {
            if (offset % alignment != 0)
                throw new InputException($"{path}: tensor {name} begins at byte {offset} of the data, no multiple of {alignment}. {Again}");
            if (offset > reader.Size - data - bytes)
            {
                throw new InputException($"{path} is truncated: tensor {name} ends at byte {(Int128)data + offset + bytes}, "
                    + $"the file has {reader.Size}. {Again}");
            }
            tensors.Add(new(name, type, shape, data + offset, bytes));
        }
        tensors.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        for (int i = 1; i < tensors.Count; i++)
            if (tensors[i].Offset < tensors[i - 1].Offset + tensors[i - 1].Bytes)
                throw new InputException($"{path}: the tensors {tensors[i - 1].Name} and {tensors[i].Name} overlap. {Again}");
        return (keys, tensors);
    }

    private static (string Name, GgufType Type, long[] Shape, long Offset, long Bytes) ReadInfo(GgufReader reader)
    {
        string path = reader.Path, name = reader.Text("the name of a tensor", LongestName);
        uint dimensions = reader.U32($"the dimensions of {Printable.Quote(name)}");
        if (dimensions is < 1 or > MostDimensions)
        {
            throw new InputException($"{path}: tensor {Printable.Quote(name)} has {dimensions} dimensions, "
                + $"expected 1 to {MostDimensions}. {Again}");
        }
        long[] shape = new long[dimensions];
        Int128 elements = 1;
        for (int i = shape.Length - 1; i >= 0; i--)   // the file has the innermost first
        {
            ulong n = reader.U64($"the sizes of {Printable.Quote(name)}");
            if (n < 1 || n > int.MaxValue || (elements *= n) > long.MaxValue / 4)
                throw new InputException($"{path}: tensor {Printable.Quote(name)} is impossibly large, or empty. {Again}");
            shape[i] = (long)n;
        }
        uint id = reader.U32($"the type of {Printable.Quote(name)}");
        if (GgufTypes.Find(id) is not { } type)
        {
            throw new InputException($"{path}: tensor {Printable.Quote(name)} is of type {GgufTypes.NameOf(id)}, which is not read: "
                + $"take a file whose tensors are {string.Join(", ", GgufTypes.All)}.");
        }
        if (shape[^1] % type.BlockValues != 0)
        {
            throw new InputException($"{path}: rows of tensor {Printable.Quote(name)} have {shape[^1]} values, "
                + $"no multiple of the {type.BlockValues} of {type}. {Again}");
        }
        ulong offset = reader.U64($"the place of {Printable.Quote(name)}");
        Int128 bytes = elements / type.BlockValues * type.BlockBytes;
        if (offset > (ulong)reader.Size || bytes > reader.Size)
            throw new InputException($"{path} is truncated: tensor {Printable.Quote(name)} lies outside of the file. {Again}");
        return (name, type, shape, (long)offset, (long)bytes);
    }
}
