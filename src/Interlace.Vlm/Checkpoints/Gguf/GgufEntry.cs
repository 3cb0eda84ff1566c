using System.Text;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A key of a GGUF file that is to be written, and its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">
/// A <see cref="uint"/>, <see cref="int"/>, <see cref="float"/>, <see cref="bool"/>, <see cref="string"/>, or an array of
/// <see cref="int"/>, <see cref="float"/>, <see cref="bool"/> or <see cref="string"/>: the type in the file follows from it.
/// </param>
public sealed record GgufEntry(string Key, object Value)
{
    private const uint U32 = 4, I32 = 5, F32 = 6, Bool = 7, String = 8, Array = 9;   // types of values, by their numbers in the file

    /// <summary>The value's type and its bytes, as they stand behind the key.</summary>
    /// <exception cref="ArgumentException">The value is of no type that is written.</exception>
    public byte[] Encoded()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        switch (Value)
        {
            case uint number: writer.Write(U32); writer.Write(number); break;
            case int number: writer.Write(I32); writer.Write(number); break;
            case float number: writer.Write(F32); writer.Write(number); break;
            case bool flag: writer.Write(Bool); writer.Write(flag); break;
            case string text: writer.Write(String); WriteText(writer, text); break;
            case int[] numbers: WriteList(writer, I32, numbers, number => writer.Write(number)); break;
            case float[] numbers: WriteList(writer, F32, numbers, number => writer.Write(number)); break;
            case bool[] flags: WriteList(writer, Bool, flags, flag => writer.Write(flag)); break;
            case string[] texts: WriteList(writer, String, texts, text => WriteText(writer, text)); break;
            default: throw new ArgumentException($"{Key} is a {Value.GetType()}, which is not written.");
        }
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Writes a text behind the number of its bytes, as keys, names and values have it.</summary>
    internal static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteList<T>(BinaryWriter writer, uint type, T[] items, Action<T> write)
    {
        writer.Write(Array);
        writer.Write(type);
        writer.Write((ulong)items.Length);
        foreach (T item in items) write(item);
    }
}
