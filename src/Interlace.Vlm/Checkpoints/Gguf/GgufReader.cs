using System.Buffers.Binary;
using System.Text;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>Goes over the header of a mapped GGUF file; no step leads behind the file's end.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="start">Its first byte in the mapping.</param>
/// <param name="size">Its bytes.</param>
internal sealed unsafe class GgufReader(string path, byte* start, long size)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public string Path => path;

    public long Size => size;

    /// <summary>The next byte, counted from the start of the file.</summary>
    public long At { get; set; }

    public uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>The next bytes.</summary>
    /// <exception cref="InputException">The file ends before them.</exception>
    public ReadOnlySpan<byte> Take(int bytes, string what)
    {
        long at = At;
        Skip(bytes, what);
        return new(start + at, bytes);
    }

    /// <summary>Goes over bytes.</summary>
    /// <exception cref="InputException">The file ends before them.</exception>
    public void Skip(long bytes, string what)
    {
        if (bytes < 0 || bytes > size - At)
            throw new InputException($"{path} is truncated or no GGUF file: it ends within {what}. Download or convert it again.");
        At += bytes;
    }

    /// <summary>A count of things of which each has at least so many bytes in what is left of the file.</summary>
    /// <exception cref="InputException">There cannot be so many.</exception>
    public long Count(string what, long most, int least)
    {
        ulong count = U64($"the number of {what}");
        if (count > (ulong)most || (long)count > (size - At) / least)
        {
            throw new InputException($"{path} is truncated or no GGUF file: it claims {count} {what}, more than it has room for. "
                + "Download or convert it again.");
        }
        return (long)count;
    }

    /// <summary>A text of at most so many bytes.</summary>
    /// <exception cref="InputException">It is longer, or no UTF-8.</exception>
    public string Text(string what, int most)
    {
        ulong length = U64($"the length of {what}");
        if (length > (ulong)most)
            throw new InputException($"{path}: {what} has {length} bytes, more than {most}. Download or convert it again.");
        try
        {
            return Strict.GetString(Take((int)length, what));
        }
        catch (DecoderFallbackException error)
        {
            throw new InputException($"{path}: {what} is no UTF-8 text. Download or convert it again.", error);
        }
    }

    /// <summary>Goes over a text of any length.</summary>
    public void SkipText(string what)
    {
        ulong length = U64($"the length of {what}");
        Skip(length > long.MaxValue ? -1 : (long)length, what);
    }
}
