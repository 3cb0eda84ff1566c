using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Interlace.Vlm.Images;

/// <summary>
/// How a stored picture is turned, 1 to 8 as EXIF numbers it, read as Pillow's <c>exif_transpose</c> does: from the EXIF data of a JPEG,
/// PNG or WebP file, else from its XMP text. Whatever is damaged counts as upright.
/// </summary>
internal static class ExifOrientation
{
    /// <summary>Upright: stored as it is seen.</summary>
    public const int Upright = 1;

    private const ushort OrientationTag = 0x0112;
    private const int LongestProfile = 1 << 20;

    private static ReadOnlySpan<byte> ExifMark => "Exif\0\0"u8;

    /// <summary>The orientation of an encoded file; <see cref="Upright"/> where it says nothing.</summary>
    public static int Of(ReadOnlySpan<byte> encoded)
    {
        Metadata found = default;
        if (encoded is [0xFF, 0xD8, ..]) found = InJpeg(encoded);
        else if (encoded is [0x89, (byte)'P', (byte)'N', (byte)'G', ..]) found = InPng(encoded);
        else if (encoded.Length > 12 && encoded.StartsWith("RIFF"u8) && encoded[8..].StartsWith("WEBP"u8)) found = InWebP(encoded);
        int? orientation = (found.Exif is { } exif ? InExif(exif) : null) ?? (found.Xmp is { } xmp ? InXmp(xmp) : null);
        return orientation is >= 1 and <= 8 ? orientation.Value : Upright;
    }

    private record struct Metadata(byte[]? Exif, byte[]? Xmp);

    private static Metadata InJpeg(ReadOnlySpan<byte> jpeg)
    {
        Metadata found = default;
        for (int at = 2; at + 4 <= jpeg.Length && jpeg[at] == 0xFF;)
        {
            byte marker = jpeg[at + 1];
            if (marker == 0xFF)   // fill
            {
                at++;
                continue;
            }
            if (marker is 0xDA or 0xD9) break;   // the picture itself begins
            int length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (length < 2 || at + 2 + length > jpeg.Length) break;
            var segment = jpeg.Slice(at + 4, length - 2);
            if (marker == 0xE1 && found.Exif is null && segment.StartsWith(ExifMark)) found.Exif = segment[ExifMark.Length..].ToArray();
            if (marker == 0xE1 && found.Xmp is null && segment.StartsWith("http://ns.adobe.com/xap/1.0/\0"u8))
                found.Xmp = segment.ToArray();
            at += 2 + length;
        }
        return found;
    }

    private static Metadata InPng(ReadOnlySpan<byte> png)
    {
        Metadata found = default;
        byte[]? profile = null;
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12) break;
            ReadOnlySpan<byte> type = png.Slice(at + 4, 4), data = png.Slice(at + 8, (int)length);
            if (type.SequenceEqual("eXIf"u8)) found.Exif = data.ToArray();
            else if (type.SequenceEqual("tEXt"u8) || type.SequenceEqual("zTXt"u8))
                profile = RawProfile(data, isPacked: type[0] == 'z') ?? profile;
            else if (type.SequenceEqual("iTXt"u8) && data.StartsWith("XML:com.adobe.xmp\0\0"u8)) found.Xmp = data.ToArray();
            else if (type.SequenceEqual("IEND"u8)) break;
            at += 12 + (int)length;
        }
        found.Exif ??= profile;
        return found;
    }

    private static Metadata InWebP(ReadOnlySpan<byte> webp)
    {
        Metadata found = default;
        for (int at = 12; at + 8 <= webp.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(webp[(at + 4)..]);
            if (length > webp.Length - at - 8) break;
            var data = webp.Slice(at + 8, (int)length);
            if (webp[at..].StartsWith("EXIF"u8)) found.Exif = (data.StartsWith(ExifMark) ? data[ExifMark.Length..] : data).ToArray();
            else if (webp[at..].StartsWith("XMP "u8)) found.Xmp = data.ToArray();
            at += 8 + (int)(length + (length & 1));
        }
        return found;
    }

    /// <summary>
    /// EXIF as ImageMagick stored it before PNG had a chunk for it: a name, a length and hexadecimal digits, in a text chunk.
    /// </summary>
    private static byte[]? RawProfile(ReadOnlySpan<byte> chunk, bool isPacked)
    {
        ReadOnlySpan<byte> keyword = "Raw profile type exif\0"u8;
        if (!chunk.StartsWith(keyword)) return null;
        try
        {
            string text = Encoding.Latin1.GetString(isPacked ? Unpacked(chunk[(keyword.Length + 1)..]) : chunk[keyword.Length..]);
            byte[] profile = Convert.FromHexString(string.Concat(text.Split('\n').Skip(3)));
            return profile.AsSpan().StartsWith(ExifMark) ? profile[ExifMark.Length..] : profile;
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> Unpacked(ReadOnlySpan<byte> packed)
    {
        using var stream = new ZLibStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        byte[] text = new byte[LongestProfile];
        return text.AsSpan(0, stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false));
    }

    /// <summary>The tag in the first directory of a TIFF structure; null where it is not there.</summary>
    private static int? InExif(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || !(tiff.StartsWith("II"u8) || tiff.StartsWith("MM"u8))) return null;
        bool little = tiff[0] == 'I';
        uint directory = Word(tiff, 4);
        if (directory > tiff.Length - 2) return null;
        int entries = Half(tiff, (int)directory);
        int? found = null;
        for (int i = 0, at = (int)directory + 2; i < entries && at + 12 <= tiff.Length; i++, at += 12)
        {
            if (Half(tiff, at) != OrientationTag || Word(tiff, at + 4) < 1) continue;
            found = Half(tiff, at + 2) switch
            {
                1 => tiff[at + 8],
                3 => Half(tiff, at + 8),
                4 => (int)Math.Min(Word(tiff, at + 8), int.MaxValue),
                _ => found,
            };
        }
        return found;

        int Half(ReadOnlySpan<byte> from, int at) =>
            little ? BinaryPrimitives.ReadUInt16LittleEndian(from[at..]) : BinaryPrimitives.ReadUInt16BigEndian(from[at..]);
        uint Word(ReadOnlySpan<byte> from, int at) =>
            little ? BinaryPrimitives.ReadUInt32LittleEndian(from[at..]) : BinaryPrimitives.ReadUInt32BigEndian(from[at..]);
    }

    private static int? InXmp(ReadOnlySpan<byte> xmp)
    {
        ReadOnlySpan<byte> name = "tiff:Orientation"u8;
        for (int at; (at = xmp.IndexOf(name)) >= 0;)
        {
            xmp = xmp[(at + name.Length)..];
            int skip = xmp.StartsWith("=\""u8) ? 2 : xmp.StartsWith(">"u8) ? 1 : 0;
            if (skip > 0 && xmp.Length > skip && xmp[skip] is >= (byte)'0' and <= (byte)'9') return xmp[skip] - '0';
        }
        return null;
    }
}
