using System.Buffers.Binary;
using System.Text;

namespace Interlace.Tests.Importing;

/// <summary>
/// Writes GGUF files for tests, right ones and wrong ones: every field can be overwritten before the bytes are taken.
/// </summary>
internal sealed class GgufBytes
{
    public List<(string Key, object Value)> Keys { get; init; } = [];

    public List<GgufBytesTensor> Tensors { get; init; } = [];

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    /// <summary>Takes the place of a key's value.</summary>
    public GgufBytes With(string key, object? value)
    {
        Keys.RemoveAll(entry => entry.Key == key);
        if (value is not null) Keys.Add((key, value));
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)Tensors.Count);
        writer.Write((ulong)Keys.Count);
        foreach (var (key, value) in Keys)
        {
            Text(writer, key);
            Value(writer, value);
        }
        long offset = 0;
        foreach (var tensor in Tensors)
        {
            Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (long size in tensor.Shape.Reverse()) writer.Write(size);
            writer.Write(tensor.Type);
            writer.Write((ulong)(tensor.Offset ?? offset));
            offset = Padded(offset + tensor.Bytes.Length);
        }
        writer.Write(new byte[Padded(stream.Position) - stream.Position]);
        foreach (var tensor in Tensors)
        {
            writer.Write(tensor.Bytes);
            writer.Write(new byte[Padded(tensor.Bytes.Length) - tensor.Bytes.Length]);
        }
        return stream.ToArray();
    }

    public string Save(string path)
    {
        File.WriteAllBytes(path, ToArray());
        return path;
    }

    private long Padded(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(4u); writer.Write(number); break;
            case int number: writer.Write(5u); writer.Write(number); break;
            case float number: writer.Write(6u); writer.Write(number); break;
            case bool flag: writer.Write(7u); writer.Write(flag); break;
            case string text: writer.Write(8u); Text(writer, text); break;
            case ulong number: writer.Write(10u); writer.Write(number); break;
            case byte[] raw: writer.Write(raw); break;   // type and value as they are
            case string[] texts:
                writer.Write(9u); writer.Write(8u); writer.Write((ulong)texts.Length);
                foreach (string text in texts) Text(writer, text);
                break;
            case int[] numbers:
                writer.Write(9u); writer.Write(5u); writer.Write((ulong)numbers.Length);
                foreach (int number in numbers) writer.Write(number);
                break;
            default: throw new ArgumentException($"no such value: {value.GetType()}");
        }
    }
}

/// <summary>A tensor of such a file: sizes with the innermost last, and bytes of its type.</summary>
internal sealed record GgufBytesTensor(string Name, long[] Shape, uint Type, byte[] Bytes, long? Offset = null)
{
    public static GgufBytesTensor F32(string name, long[] shape, ReadOnlySpan<float> values)
    {
        byte[] bytes = new byte[4 * values.Length];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        return new(name, shape, 0, bytes);
    }
}
