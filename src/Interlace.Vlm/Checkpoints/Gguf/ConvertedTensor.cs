namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A tensor of a checkpoint as one of a GGUF file, converted piece by piece when its turn comes.</summary>
internal static class ConvertedTensor
{
    private const int MostValues = 1 << 18;   // a multiple of every block

    /// <summary>The tensor.</summary>
    /// <param name="file">The checkpoint's file, which must stay open until it is written.</param>
    /// <param name="entry">The tensor in it.</param>
    /// <param name="name">Name in the new file.</param>
    /// <param name="type">A type that can be written.</param>
    /// <param name="shape">Sizes in the new file, whose rows are whole blocks of the type.</param>
    /// <param name="runs">Runs of the checkpoint's numbers in the order in which they are written; all in order where absent.</param>
    /// <exception cref="InputException">The checkpoint's tensor is of a type that cannot be converted.</exception>
    public static GgufTensorSource Source(SafeTensorsFile file, TensorEntry entry, string name, GgufType type, long[] shape,
        Func<IEnumerable<(long From, long Length)>>? runs = null)
    {
        Dequantise read = entry.Type switch
        {
            ElementType.F32 => PlainNumbers.F32,
            ElementType.F16 => PlainNumbers.F16,
            ElementType.BF16 => PlainNumbers.BF16,
            _ => throw new InputException($"{file.Path}: tensor {entry.Name} is of type {entry.Type}, "
                + "and F32, F16 and BF16 can be exported: take the model that was converted to it."),
        };
        Quantise write = type.Write ?? throw new ArgumentException($"{type} is only read", nameof(type));
        return new(name, type, shape, (target, cancel) =>
        {
            float[] values = new float[MostValues];
            byte[] blocks = new byte[MostValues / type.BlockValues * type.BlockBytes];
            int filled = 0;
            foreach (var (from, length) in runs?.Invoke() ?? [(0, entry.Bytes / entry.Type.Size())])
            {
                for (long done = 0; done < length;)
                {
                    int count = (int)Math.Min(MostValues - filled, length - done);
                    read(Bytes(file, entry, from + done, count), values.AsSpan(filled, count));
                    filled += count;
                    done += count;
                    if (filled == MostValues) Flush();
                }
            }
            Flush();

            void Flush()
            {
                cancel.ThrowIfCancellationRequested();
                Check(values.AsSpan(0, filled), type, file.Path, entry.Name);
                write(values.AsSpan(0, filled), blocks);
                target.Write(blocks, 0, filled / type.BlockValues * type.BlockBytes);
                filled = 0;
            }
        });
    }

    private static unsafe ReadOnlySpan<byte> Bytes(SafeTensorsFile file, TensorEntry entry, long from, int count) =>
        new(file.Pointer(entry) + from * entry.Type.Size(), count * entry.Type.Size());

    private static void Check(ReadOnlySpan<float> values, GgufType type, string path, string name)
    {
        foreach (float value in values)
        {
            if (Math.Abs(value) <= type.Largest) continue;   // false for what is no number
            throw new InputException(float.IsFinite(value)
                ? $"{path}: tensor {name} holds {value}, and {type} ends at {type.Largest}: export as bf16 or f32."
                : $"{path}: tensor {name} holds values that are no numbers (NaN or infinite): copy or download the model again.");
        }
    }
}
