using System.Buffers.Binary;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>Types whose bytes are the numbers themselves, little-endian.</summary>
internal static class PlainNumbers
{
    /// <summary>The largest number of 8 bits of exponent and 7 of fraction.</summary>
    public const float LargestBF16 = 3.3895314e38f;

    public static void F32(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
    }

    public static void F16(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++) values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
    }

    /// <summary>The upper half of a float32.</summary>
    public static void BF16(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]) << 16);
    }

    public static void ToF32(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes[(4 * i)..], values[i]);
    }

    /// <summary>To nearest, ties to even.</summary>
    public static void ToF16(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], (Half)values[i]);
    }

    /// <summary>To nearest, ties to even.</summary>
    public static void ToBF16(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16));
        }
    }
}
