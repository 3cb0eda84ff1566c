using System.Buffers.Binary;
using System.IO.Compression;
using Interlace.Vlm;

namespace Interlace.DemoModel.Sources;

/// <summary>The gzipped idx files in which MNIST and its relatives are distributed.</summary>
internal static class IdxFile
{
    /// <summary>The images of each of ten labels, each of 28 x 28 bytes, in the order of the file.</summary>
    /// <exception cref="InputException">A file is absent or is no such file.</exception>
    public static byte[][][] ByLabel(string images, string labels)
    {
        byte[] pixels = Read(images, 0x803, 16), classes = Read(labels, 0x801, 8);
        if (pixels.Length != classes.Length * 28 * 28 || classes.Any(label => label > 9)) throw new InputException($"{images} and {labels} do not belong together.");
        return [.. Enumerable.Range(0, 10).Select(label => classes.Index().Where(c => c.Item == label).Select(c => pixels.AsSpan(c.Index * 784, 784).ToArray()).ToArray())];
    }

    private static byte[] Read(string path, int magic, int header)
    {
        if (!File.Exists(path)) throw new InputException($"{path} is absent: install dataset-fashion-mnist (apt-get install), or name its folder with --fashion.");
        try
        {
            using var file = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var memory = new MemoryStream();
            file.CopyTo(memory);
            byte[] bytes = memory.ToArray();
            if (bytes.Length < header || BinaryPrimitives.ReadInt32BigEndian(bytes) != magic) throw new InvalidDataException("its header is another one");
            return bytes[header..];
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path} is no idx file: {e.Message}.", e);
        }
    }
}
