using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Cases;

public sealed class ExifInPngTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("exif6.jpg"), InlineData("exif6.webp"), InlineData("exif6.png")]
    public void A_picture_is_turned_whatever_its_format(string name)
    {
        string picture = Shared.Require("cases", "exif-in-png", name), trace = _scratch.At(name + ".safetensors");
        File.WriteAllText(_scratch.At("m.json"), $$"""{"messages": [{"role": "user", "content": [{"type": "image", "image": "{{picture}}"}, {"type": "text", "text": "What?"}]}]}""");
        Assert.Equal(0, CommandRun.Of("trace", Demo.Model, "--input", _scratch.At("m.json"), "--out", trace, "--dtype", "fp32").Code);
        using var file = SafeTensorsFile.Open(trace);
        var grid = file.Tensors.Single(tensor => tensor.Name.Contains("grid_thw", StringComparison.Ordinal));
        byte[] bytes = file.Bytes(grid).ToArray();
        Assert.Equal([1, 8, 6], Enumerable.Range(0, 3)
            .Select(i => bytes.Length == 24 ? (int)BitConverter.ToInt64(bytes, 8 * i) : BitConverter.ToInt32(bytes, 4 * i)));
    }

    [Fact]
    public void The_pixels_are_those_of_the_plain_picture_turned()
    {
        RgbImage plain = ImageDecoder.Load(Shared.Require("cases", "exif-in-png", "plain.png"), ImageDecoding.Oriented);
        RgbImage turned = ImageDecoder.Load(Shared.At("cases", "exif-in-png", "exif6.png"), ImageDecoding.Oriented);
        Assert.Equal((plain.Height, plain.Width), (turned.Width, turned.Height));
        for (int y = 0; y < turned.Height; y++)   // by a quarter, clockwise
            for (int x = 0; x < turned.Width; x++)
                Assert.True(turned.Pixels.AsSpan((y * turned.Width + x) * 3, 3)
                    .SequenceEqual(plain.Pixels.AsSpan(((plain.Height - 1 - x) * plain.Width + y) * 3, 3)));
    }
}
