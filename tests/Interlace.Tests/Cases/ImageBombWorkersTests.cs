using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Evaluation;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using SkiaSharp;

namespace Interlace.Tests.Cases;

/// <summary>Pictures of a few bytes and any size, in the hands of several workers.</summary>
public class ImageBombWorkersTests
{
    private static readonly byte[] Picture = Png.Write(32, 32, 8, 2, new byte[32 * 32 * 3]);

    /// <summary>Complete, of one bit a pixel.</summary>
    private static readonly byte[] Bomb = Png.Write(13_000, 8_000, 1, 0, new byte[1625 * 8_000]);

    [Fact]
    public void The_file_as_found_has_pictures_that_are_too_large()
    {
        using BadShard shard = new(File.ReadAllBytes(Shared.Require("cases", "image-bomb-workers", "a.parquet")));
        Assert.Contains("16 too large image", shard.Calibrate().Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Among_others_they_are_counted_in_calibration()
    {
        using BadShard shard = new(path =>
            ParquetRows.Write(path, [.. Enumerable.Range(0, 8)
            .Select(i => new TestRow([i % 2 == 0 ? Picture : Bomb], [("What?", "That.")]))], new()));
        var run = shard.Calibrate();
        Assert.Equal(0, run.Code);
        Assert.Contains("4 too large image", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Among_others_they_are_counted_in_evaluation()
    {
        using ScratchFolder scratch = new();
        File.WriteAllText(scratch.At("tables", "benchmarks.json"), """{"benchmarks": [{"name": "Small", "file": "Small.tsv", "kind": "yes-no"}]}""");
        string[] rows = [.. Enumerable.Range(0, 4).Select(i => $"{i}\t{Convert.ToBase64String(i == 2 ? Bomb : Picture)}\tIs it?\tYes")];
        File.WriteAllLines(scratch.At("tables", "Small.tsv"), ["index\timage\tquestion\tanswer", .. rows]);
        var run = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", scratch.At("tables"), "--set", "evaluate.max_new_tokens=1",
            "--device", "cpu", "--dtype", "fp32", "--out", scratch.At("out"));
        Assert.Equal(0, run.Code);
        Assert.Contains("too large image", File.ReadAllText(scratch.At("out", "scores.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_size_is_read_from_the_header_before_anything_is_decoded()
    {
        byte[] bomb = Bomb;   // made before anything is counted
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(ImageDecoder.IsTooLarge(bomb));
        Assert.Contains("13000 x 8000",
            Assert.Throws<InputException>(() => ImageDecoder.Decode(bomb, "bomb.png", ImageDecoding.Plain)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.False(ImageDecoder.IsTooLarge(Picture));
        Assert.False(ImageDecoder.IsTooLarge("no image"u8));
    }

    [Fact]
    public void A_large_picture_of_a_large_file_is_decoded()
    {
        byte[] noise = new byte[5_500 * 5_000];
        new Random(3).NextBytes(noise);
        Assert.False(ImageDecoder.IsTooLarge(Png.Write(5_500, 5_000, 8, 0, noise)));
        Assert.True(ImageDecoder.IsTooLarge(Png.Write(5_500, 5_000, 8, 0, new byte[1])));
    }

    [Fact]
    public void A_photo_is_held_once_while_it_is_decoded()
    {
        using var bitmap = new SKBitmap(2_000, 2_000, SKColorType.Rgba8888, SKAlphaType.Opaque);
        byte[] jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImageDecoder.Decode(jpeg, "black.jpg", ImageDecoding.Plain);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 12_000_000, 14_000_000);
    }
}
