using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Writes safetensors files: header, padded to a multiple of 8 bytes, then every tensor's bytes, streamed. The order of the data does not
/// depend on that of the arguments: wide element types first, so that every tensor is aligned to its own, then by name, as the format's own
/// library has it.
/// </summary>
public static class SafeTensorsWriter
{
    private const int Alignment = 8;

    /// <summary>The header entry by which readers recognise PyTorch's layout of tensors.</summary>
    public static IReadOnlyDictionary<string, string> PyTorchMetadata { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Writes one file, replacing any of that name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Its tensors, in any order.</param>
    /// <param name="metadata">Text entries of the header; <see cref="PyTorchMetadata"/> where absent.</param>
    /// <param name="written">Receives the number of data bytes after each tensor.</param>
    /// <param name="cancel">Stops between chunks; the file is then incomplete and the caller's to delete.</param>
    public static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        IProgress<long>? written = null, CancellationToken cancel = default)
    {
        TensorSource[] ordered = [.. InFileOrder(tensors)];
        using var file = new BlockStream(path);
        WriteHeader(file, ordered, metadata ?? PyTorchMetadata);
        foreach (var tensor in ordered)
        {
            cancel.ThrowIfCancellationRequested();
            long start = file.Position;
            tensor.CopyTo(file, cancel);
            if (file.Position - start != tensor.Bytes)
            {
                throw new InvalidOperationException($"Tensor {tensor.Name} announced {tensor.Bytes} bytes and wrote "
                    + $"{file.Position - start}.");
            }
            written?.Report(tensor.Bytes);
        }
    }

    /// <summary>Tensors in the order in which a file has them, and in which they are asked for their bytes.</summary>
    public static IEnumerable<TensorSource> InFileOrder(IEnumerable<TensorSource> tensors) =>
        tensors.OrderByDescending(tensor => tensor.Type.Size()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal);

    /// <summary>An upper bound of the size the file will have, header included; more than its data by little.</summary>
    public static long LargestSize(IReadOnlyCollection<TensorSource> tensors) =>
        8 + HeaderBound(tensors) + tensors.Sum(tensor => tensor.Bytes);

    private static void WriteHeader(Stream file, TensorSource[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
            writer.WriteEndObject();
            long offset = 0;
            foreach (var tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.Type.ToString());
                WriteNumbers(writer, "shape", tensor.Shape);
                WriteNumbers(writer, "data_offsets", [offset, offset += tensor.Bytes]);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        int padding = (Alignment - json.WrittenCount % Alignment) % Alignment;
        json.GetSpan(padding)[..padding].Fill((byte)' ');
        json.Advance(padding);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.WrittenCount);
        file.Write(length);
        file.Write(json.WrittenSpan);
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IEnumerable<long> numbers)
    {
        writer.WriteStartArray(name);
        foreach (long number in numbers) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }

    // At most: name, three keys with punctuation, and two offsets and each size of up to 20 digits.
    private static long HeaderBound(IEnumerable<TensorSource> tensors) =>
        128 + tensors.Sum(tensor => 6L * tensor.Name.Length + 100 + 21 * tensor.Shape.Count);
}
