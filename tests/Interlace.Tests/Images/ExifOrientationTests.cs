using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Images;

public class ExifOrientationTests
{
    public static TheoryData<int> All => [1, 2, 3, 4, 5, 6, 7, 8];

    [Theory, MemberData(nameof(All))]
    public void Every_orientation_is_found_in_every_format_in_both_byte_orders(int orientation)
    {
        foreach (bool little in new[] { true, false })
        {
            byte[] exif = Exif(orientation, little), marked = [.. "Exif\0\0"u8, .. exif];
            Assert.Equal(orientation, ExifOrientation.Of(Jpeg(0xE1, marked)));
            Assert.Equal(orientation, ExifOrientation.Of(Picture(("eXIf", exif))));
            Assert.Equal(orientation, ExifOrientation.Of(WebP("EXIF", exif)));
            Assert.Equal(orientation, ExifOrientation.Of(WebP("EXIF", marked)));
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Older_ways_to_store_it_count_where_there_is_no_other(int orientation)
    {
        byte[] xmp = Encoding.UTF8.GetBytes($"<x:xmpmeta><rdf:Description tiff:Orientation=\"{orientation}\"/></x:xmpmeta>"),
            profile = Encoding.ASCII.GetBytes($"\nexif\n      {Exif(orientation).Length + 6}\n{Convert.ToHexString([.. "Exif\0\0"u8, .. Exif(orientation)])}\n");
        Assert.Equal(orientation, ExifOrientation.Of(Jpeg(0xE1, [.. "http://ns.adobe.com/xap/1.0/\0"u8, .. xmp])));
        Assert.Equal(orientation, ExifOrientation.Of(Picture(("iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. xmp]))));
        Assert.Equal(orientation, ExifOrientation.Of(WebP("XMP ", xmp)));
        Assert.Equal(orientation, ExifOrientation.Of(Picture(("tEXt", [.. "Raw profile type exif\0"u8, .. profile]))));
        using MemoryStream packed = new();
        using (var zlib = new ZLibStream(packed, CompressionMode.Compress, leaveOpen: true)) zlib.Write(profile);
        Assert.Equal(orientation, ExifOrientation.Of(Picture(("zTXt", [.. "Raw profile type exif\0\0"u8, .. packed.ToArray()]))));
        Assert.Equal(3, ExifOrientation.Of(Picture(("iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. xmp]), ("eXIf", Exif(3)))));
    }

    [Theory, MemberData(nameof(All))]
    public void A_picture_with_the_chunk_is_turned_as_a_photograph_is(int orientation)
    {
        byte[] rows = [.. Enumerable.Range(0, 5 * 3 * 3).Select(i => (byte)(i * 11))];
        RgbImage stored = ImageDecoder.Decode(Png.Write(5, 3, 8, 2, rows), "x", ImageDecoding.Oriented);
        RgbImage turned = ImageDecoder.Decode(Png.Write(5, 3, 8, 2, rows, ("eXIf", Exif(orientation))), "x", ImageDecoding.Oriented);
        Assert.Equal(orientation >= 5 ? (3, 5) : (5, 3), (turned.Width, turned.Height));
        for (int y = 0; y < turned.Height; y++)
        {
            for (int x = 0; x < turned.Width; x++)
            {
                // Which stored pixel is seen at (x, y), by the definition of each orientation:
                // where the first row and the first column are.
                var (column, row) = orientation switch
                {
                    1 => (x, y),
                    2 => (4 - x, y),
                    3 => (4 - x, 2 - y),
                    4 => (x, 2 - y),
                    5 => (y, x),
                    6 => (y, 2 - x),
                    7 => (4 - y, 2 - x),
                    _ => (4 - y, x),
                };
                Assert.True(turned.Pixels.AsSpan((y * turned.Width + x) * 3, 3)
                    .SequenceEqual(stored.Pixels.AsSpan((row * 5 + column) * 3, 3)), $"{orientation}: {x}, {y}");
            }
        }
        Assert.Equal(stored.Pixels,
            ImageDecoder.Decode(Png.Write(5, 3, 8, 2, rows, ("eXIf", Exif(orientation))), "x", ImageDecoding.Plain).Pixels);
    }

    [Fact]
    public void Whatever_is_damaged_counts_as_upright()
    {
        byte[] exif = Exif(6);
        for (int cut = 0; cut < exif.Length; cut++) Assert.InRange(ExifOrientation.Of(Picture(("eXIf", exif[..cut]))), 1, 6);
        Assert.Equal(1, ExifOrientation.Of(Picture(("eXIf", Exif(0)))));
        Assert.Equal(1, ExifOrientation.Of(Picture(("eXIf", Exif(9)))));
        Assert.Equal(1, ExifOrientation.Of([]));
        Assert.Equal(1, ExifOrientation.Of("RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff"u8));
        Assert.Equal(1, ExifOrientation.Of(Picture(("zTXt", "Raw profile type exif\0\0no zlib"u8.ToArray()))));
        Assert.Equal(1, ExifOrientation.Of(Picture(("tEXt", "Raw profile type exif\0\nexif\n 4\nxyz"u8.ToArray()))));
        Random random = new(7);
        foreach (byte[] whole in new[] { Jpeg(0xE1, [.. "Exif\0\0"u8, .. exif]), Picture(("eXIf", exif)), WebP("EXIF", exif) })
        {
            for (int i = 0; i < 2000; i++)
            {
                byte[] changed = [.. whole[..random.Next(1, whole.Length + 1)]];
                for (int k = 0; k < 3; k++) changed[random.Next(changed.Length)] = (byte)random.Next(256);
                Assert.InRange(ExifOrientation.Of(changed), 1, 8);
            }
        }
    }

    /// <summary>A TIFF structure with two entries, of which the second is the orientation.</summary>
    private static byte[] Exif(int orientation, bool little = true)
    {
        byte[] tiff = new byte[8 + 2 + 24 + 4];
        (tiff[0], tiff[1]) = little ? ((byte)'I', (byte)'I') : ((byte)'M', (byte)'M');
        void Half(int at, int value)
        {
            if (little) BinaryPrimitives.WriteUInt16LittleEndian(tiff.AsSpan(at), (ushort)value);
            else BinaryPrimitives.WriteUInt16BigEndian(tiff.AsSpan(at), (ushort)value);
        }
        void Word(int at, int value)
        {
            if (little) BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(at), value);
            else BinaryPrimitives.WriteInt32BigEndian(tiff.AsSpan(at), value);
        }
        Half(2, 42);
        Word(4, 8);
        Half(8, 2);
        Half(10, 0x0100);
        Half(12, 3);
        Word(14, 1);
        Half(22, 0x0112);
        Half(24, 3);
        Word(26, 1);
        Half(30, orientation);
        return tiff;
    }

    private static byte[] Picture(params (string Name, byte[] Data)[] chunks) => Png.Write(2, 2, 8, 2, new byte[12], chunks);

    private static byte[] Jpeg(byte marker, byte[] segment) =>
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, marker, (byte)((segment.Length + 2) >> 8), (byte)(segment.Length + 2), .. segment, 0xFF,
            0xDA, 0, 2];

    private static byte[] WebP(string name, byte[] data)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        return [.. "RIFF\0\0\0\0WEBPVP8 \x03\0\0\0abc\0"u8, .. Encoding.ASCII.GetBytes(name), .. length, .. data, 0];
    }
}
