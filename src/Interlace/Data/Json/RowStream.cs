using System.Buffers.Binary;
using System.IO.Compression;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Data.Json;

/// <summary>
/// The bytes of a file of rows, which any place can be read of. What is packed with gzip is unpacked into memory.
/// </summary>
internal static class RowStream
{
    /// <summary>Ending of a packed file, behind that of its rows.</summary>
    public const string Packed = ".gz";

    /// <summary>A file that unpacks to more is to be unpacked by its owner: no claim of its own is trusted.</summary>
    private const int MostUnpacked = 512 << 20;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it will be read.</param>
    /// <exception cref="InputException">It is absent, damaged, no regular file, or unpacks to more than is held.</exception>
    public static Stream Open(string path, FileOptions options)
    {
        FileStream file = UserFile.Open(path, options: options);
        if (!path.EndsWith(Packed, StringComparison.Ordinal)) return file;
        using (file) return Unpacked(file, path);
    }

    private static MemoryStream Unpacked(FileStream file, string path)
    {
        var bytes = new MemoryStream();
        uint length = LengthIn(file);
        byte[] buffer = new byte[1 << 16];
        try
        {
            using var unpacking = new GZipStream(file, CompressionMode.Decompress);
            for (int read; (read = unpacking.Read(buffer)) > 0;)
            {
                if (bytes.Length + read > MostUnpacked)
                {
                    throw new InputException($"The data file '{path}' unpacks to more than {MostUnpacked >> 20} MiB: "
                        + "unpack it with gunzip, and name what comes out.");
                }
                bytes.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"The data file '{path}' is no whole gzip file: make it again.", e);
        }
        // A file that is cut off unpacks without an error.
        if (length != bytes.Length)
            throw new InputException($"The data file '{path}' is no whole gzip file, or several in one: make it again, as one.");
        bytes.Position = 0;
        return bytes;
    }

    /// <summary>The number of unpacked bytes that stands at a packed file's end.</summary>
    private static uint LengthIn(FileStream file)
    {
        byte[] last = new byte[sizeof(uint)];
        if (file.Length < last.Length) return uint.MaxValue;
        file.Position = file.Length - last.Length;
        file.ReadExactly(last);
        file.Position = 0;
        return BinaryPrimitives.ReadUInt32LittleEndian(last);
    }
}
