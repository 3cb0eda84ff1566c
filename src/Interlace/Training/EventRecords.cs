using System.Buffers.Binary;
using System.Numerics;
using Interlace.Vlm;

namespace Interlace.Training;

/// <summary>
/// The framing of TensorBoard's event files (TFRecord): each record is its length, a checksum of the length, its bytes and a checksum of
/// those. Checksums are CRC-32C, turned and shifted as the format has it.
/// </summary>
public static class EventRecords
{
    private const int Head = 12, Foot = 4, Largest = 1 << 24;

    /// <summary>A record with its frame.</summary>
    public static byte[] Framed(ReadOnlySpan<byte> record)
    {
        byte[] framed = new byte[Head + record.Length + Foot];
        BinaryPrimitives.WriteInt64LittleEndian(framed, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(8), Checksum(framed.AsSpan(0, 8)));
        record.CopyTo(framed.AsSpan(Head));
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(Head + record.Length), Checksum(record));
        return framed;
    }

    /// <summary>The records of a file's bytes; one that an interruption cut off at the end is left out.</summary>
    /// <param name="file">The bytes.</param>
    /// <param name="source">Where they come from, for messages.</param>
    /// <exception cref="InputException">A checksum is wrong.</exception>
    public static List<byte[]> Read(byte[] file, string source)
    {
        var records = new List<byte[]>();
        for (int at = 0; file.Length - at >= Head + Foot;)
        {
            long length = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)) != Checksum(file.AsSpan(at, 8)) || length is < 0 or > Largest)
                throw Damaged(source, at);
            if (length > file.Length - at - Head - Foot) break;
            ReadOnlySpan<byte> record = file.AsSpan(at + Head, (int)length);
            at += Head + (int)length;
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)) != Checksum(record)) throw Damaged(source, at);
            records.Add(record.ToArray());
            at += Foot;
        }
        return records;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes) crc = BitOperations.Crc32C(crc, one);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }

    private static InputException Damaged(string source, int at) =>
        new($"{source} is no event file, or is damaged at byte {at}: delete it, and it is made again.");
}
