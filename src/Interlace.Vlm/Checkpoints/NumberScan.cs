using System.Numerics;

namespace Interlace.Vlm.Checkpoints;

/// <summary>Looks for weights that are no numbers in the bytes of a file, at the speed of the memory and without the engine.</summary>
public static class NumberScan
{
    private const int Chunk = 1 << 26;   // bytes; a span cannot hold all of a large tensor

    /// <summary>
    /// The place of the first element, counted in the order of the bytes, that is no number (NaN) or infinite; null where there is none,
    /// as in every tensor of whole numbers.
    /// </summary>
    public static long? First(SafeTensorsFile file, TensorEntry tensor, CancellationToken cancel = default) => tensor.Type switch
    {
        // The bits of the exponent: all set in what is no finite number, and in nothing else.
        ElementType.F64 => First<ulong>(file, tensor, 0x7FF0_0000_0000_0000, cancel),
        ElementType.F32 => First<uint>(file, tensor, 0x7F80_0000, cancel),
        ElementType.BF16 => First<ushort>(file, tensor, 0x7F80, cancel),
        ElementType.F16 => First<ushort>(file, tensor, 0x7C00, cancel),
        ElementType.F8_E5M2 => First<byte>(file, tensor, 0x7C, cancel),
        ElementType.F8_E4M3 => First<byte>(file, tensor, 0x7F, cancel),   // this type has no infinity, and one NaN of each sign
        _ => null,
    };

    /// <summary>
    /// The first such tensor of a checkpoint in the order of its files, with the element's place; null where all values are numbers.
    /// </summary>
    public static (string Tensor, long Element)? First(Checkpoint checkpoint, CancellationToken cancel = default)
    {
        foreach (var file in checkpoint.Files)
            foreach (var tensor in file.Tensors)
                if (First(file, tensor, cancel) is { } element) return (tensor.Name, element);
        return null;
    }

    private static unsafe long? First<T>(SafeTensorsFile file, TensorEntry tensor, T exponent, CancellationToken cancel)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (long done = 0; done < tensor.Bytes; done += Chunk)
        {
            cancel.ThrowIfCancellationRequested();
            var values = new ReadOnlySpan<T>(file.Pointer(tensor) + done, (int)Math.Min(Chunk, tensor.Bytes - done) / sizeof(T));
            if (First(values, exponent) is >= 0 and int at) return done / sizeof(T) + at;
        }
        return null;
    }

    private static int First<T>(ReadOnlySpan<T> values, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        var all = new Vector<T>(exponent);
        int i = 0;
        while (i <= values.Length - Vector<T>.Count && !Vector.EqualsAny(new Vector<T>(values[i..]) & all, all)) i += Vector<T>.Count;
        for (; i < values.Length; i++)
            if ((values[i] & exponent) == exponent) return i;
        return -1;
    }
}
