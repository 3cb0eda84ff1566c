using System.Text;

namespace Interlace.Tests.Data.Parquet;

/// <summary>Metadata in Thrift's compact protocol, as no writer would write them.</summary>
internal static class ThriftBytes
{
    /// <summary>A struct. A value is a whole number, a text, a struct (bytes), a list of structs or a list of texts.</summary>
    public static byte[] Struct(params (int Id, object Value)[] fields)
    {
        List<byte> bytes = [];
        int last = 0;
        foreach ((int id, object value) in fields)
        {
            (byte type, byte[] body) = Encode(value);
            bytes.Add((byte)((id - last) << 4 | type));
            bytes.AddRange(body);
            last = id;
        }
        return [.. bytes, 0];
    }

    /// <summary>A Parquet file of these bytes between its first magic number and its footer.</summary>
    public static byte[] File(byte[] body, byte[] footer) =>
        [.. "PAR1"u8, .. body, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8];

    private static (byte Type, byte[] Body) Encode(object value) => value switch
    {
        int or long => (6, Varint(ZigZag(Convert.ToInt64(value)))),
        string text => (8, Encode(text)),
        byte[] inner => (12, inner),
        byte[][] list => (9, [.. Head(list.Length, 12), .. list.SelectMany(item => item)]),
        string[] list => (9, [.. Head(list.Length, 8), .. list.SelectMany(Encode)]),
        _ => throw new ArgumentException($"{value.GetType()} is no type of the protocol", nameof(value)),
    };

    private static byte[] Encode(string text) => [.. Varint((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Head(int count, byte type) => [(byte)(0xF0 | type), .. Varint((ulong)count)];

    private static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);

    private static byte[] Varint(ulong value)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7) bytes.Add((byte)(value & 127 | 128));
        return [.. bytes, (byte)value];
    }
}
