using System.Buffers.Binary;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A tensor of a GGUF file as one of a safetensors file, dequantised piece by piece when its turn comes.</summary>
internal static class DequantisedTensor
{
    private const int MostValues = 1 << 16;   // a multiple of every block

    /// <summary>The tensor.</summary>
    /// <param name="file">The file, which must stay open until it is written.</param>
    /// <param name="tensor">The tensor in it.</param>
    /// <param name="name">Name in the new file.</param>
    /// <param name="type">BF16, rounded to nearest with ties to even, or F32.</param>
    /// <param name="pairedHeads">Number of heads where the rows of a head lie in pairs that belong d/2 apart;
    /// null for rows in order.</param>
    public static TensorSource Source(GgufFile file, GgufTensor tensor, string name, ElementType type, int? pairedHeads)
    {
        if (type is not (ElementType.BF16 or ElementType.F32)) throw new ArgumentOutOfRangeException(nameof(type), type, "BF16 or F32");
        return new(name, type, tensor.Shape, (target, cancel) =>
        {
            float[] values = new float[MostValues];
            byte[] bytes = new byte[MostValues * type.Size()];
            foreach (var (from, length) in Runs(tensor, pairedHeads))
            {
                for (long done = 0; done < length;)
                {
                    cancel.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(MostValues, length - done);
                    file.Read(tensor, from + done, values.AsSpan(0, count));
                    target.Write(bytes, 0, Write(values.AsSpan(0, count), bytes, type, () => $"{file.Path}: tensor {tensor.Name}"));
                    done += count;
                }
            }
        });
    }

    /// <summary>Runs of numbers in the order in which they are written: all at once, or row by row.</summary>
    private static IEnumerable<(long From, long Length)> Runs(GgufTensor tensor, int? pairedHeads)
    {
        if (pairedHeads is not { } heads)
        {
            yield return (0, tensor.Elements);
            yield break;
        }
        long row = tensor.Elements / tensor.Shape[0], headSize = tensor.Shape[0] / heads;
        for (long h = 0; h < heads; h++)
            for (long s = 0; s < 2; s++)
                for (long j = 0; j < headSize / 2; j++) yield return ((h * headSize + 2 * j + s) * row, row);
    }

    private static int Write(ReadOnlySpan<float> values, Span<byte> bytes, ElementType type, Func<string> where)
    {
        if (type == ElementType.F32)
        {
            for (int i = 0; i < values.Length; i++)
            {
                if (!float.IsFinite(values[i])) throw NoNumber(where());
                BinaryPrimitives.WriteSingleLittleEndian(bytes[(4 * i)..], values[i]);
            }
            return 4 * values.Length;
        }
        for (int i = 0; i < values.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            uint rounded = bits + 0x7FFF + (bits >> 16 & 1) >> 16;   // to nearest, ties to even
            if (!float.IsFinite(values[i]) || (rounded & 0x7F80) == 0x7F80) throw NoNumber(where());
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], (ushort)rounded);
        }
        return 2 * values.Length;
    }

    private static InputException NoNumber(string where) =>
        new($"{where} holds values that are no numbers (NaN or infinite), or too large for the type. Download or convert the file again.");
}
