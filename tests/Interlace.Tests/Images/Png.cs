using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Interlace.Tests.Images;

/// <summary>Writes PNG files that an encoder would not.</summary>
internal static class Png
{
    public static byte[] Write(int width, int height, byte depth, byte colorType, byte[] rows, params (string Name, byte[] Data)[] chunks)
    {
        using var png = new MemoryStream();
        png.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colorType);
        Chunk(png, "IHDR", header);
        foreach ((string name, byte[] data) in chunks) Chunk(png, name, data);
        using var body = new MemoryStream();
        using (var zlib = new ZLibStream(body, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; rows.Length > 0 && y < height; y++) zlib.Write([0, .. rows.AsSpan(y * (rows.Length / height), rows.Length / height)]);
        }
        Chunk(png, "IDAT", body.ToArray());
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void Chunk(MemoryStream png, string name, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(name), .. data];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
        png.Write(number);
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }
}
