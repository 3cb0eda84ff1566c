namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>What a GGUF file holds: keys, and tensors whose bytes are made when they are written.</summary>
/// <param name="Keys">The keys in their order.</param>
/// <param name="Tensors">The tensors in the order of their bytes.</param>
public sealed record GgufContent(IReadOnlyList<GgufEntry> Keys, IReadOnlyList<GgufTensorSource> Tensors)
{
    private const uint Version = 3;
    private const int Alignment = 32;   // of every tensor, and the format's own where no key says another

    /// <summary>Numbers of all tensors together.</summary>
    public long Weights => Tensors.Sum(tensor => tensor.Elements);

    /// <summary>Bytes of the file.</summary>
    /// <param name="header">Its header, as <see cref="Header"/> gives it.</param>
    public long Size(byte[] header) => header.Length + Tensors.Sum(tensor => Padded(tensor.Bytes));

    /// <summary>The file up to its first tensor: version, keys, names, shapes, types and places of all tensors, and padding.</summary>
    public byte[] Header()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)Tensors.Count);
        writer.Write((ulong)Keys.Count);
        foreach (var entry in Keys)
        {
            GgufEntry.WriteText(writer, entry.Key);
            writer.Write(entry.Encoded());
        }
        long offset = 0;
        foreach (var tensor in Tensors)
        {
            GgufEntry.WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            foreach (long size in tensor.Shape.Reverse()) writer.Write(size);
            writer.Write(tensor.Type.Id);
            writer.Write((ulong)offset);
            offset += Padded(tensor.Bytes);
        }
        writer.Write(new byte[Padded(bytes.Length) - bytes.Length]);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Writes the file, tensor by tensor, replacing any of that name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">Its header, as <see cref="Header"/> gives it.</param>
    /// <param name="written">Receives the number of bytes after each tensor.</param>
    /// <param name="cancel">Stops between pieces; the file is then incomplete and the caller's to delete.</param>
    public void Write(string path, byte[] header, IProgress<long>? written = null, CancellationToken cancel = default)
    {
        using var file = new BlockStream(path);
        file.Write(header);
        foreach (var tensor in Tensors)
        {
            long start = file.Position;
            tensor.CopyTo(file, cancel);
            if (file.Position - start != tensor.Bytes)
            {
                throw new InvalidOperationException($"Tensor {tensor.Name} announced {tensor.Bytes} bytes and wrote "
                    + $"{file.Position - start}.");
            }
            file.Write(new byte[Padded(tensor.Bytes) - tensor.Bytes]);
            written?.Report(tensor.Bytes);
        }
    }

    private static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
