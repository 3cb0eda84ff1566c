using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Evaluation.Tables;

public class PublishedImagesTests
{
    // The processor of the published models: multiples of 32 between 256 x 256 and 4096 x 4096 pixels.
    private const int ModelFactor = 32, ModelMin = 65_536, ModelMax = 16_777_216;

    [Theory]
    [InlineData("AI2D", 40, 30, 96, 64, 320, 224)]               // below 4,096 pixels, then below the model's own bound
    [InlineData("OCRBench", 40, 30, 384, 288, 384, 288)]         // its own lower bound of 102,400 lies above the model's
    [InlineData("AI2D", 110, 300, 96, 288, 160, 448)]            // within the bounds: multiples of 32, then the model's lower bound
    [InlineData("OCRBench", 320, 320, 320, 320, 320, 320)]       // 102,400 exactly
    [InlineData("AI2D", 80, 112, 64, 128, 192, 384)]             // 2.5 and 3.5: half to even
    [InlineData("HRBench8K", 5000, 4000, 4576, 3648, 4576, 3648)]   // above 16.8 million
    public void An_image_takes_the_published_size_first_and_then_the_models(string benchmark, int width, int height, int firstWidth, int firstHeight, int lastWidth, int lastHeight)
    {
        RgbImage image = Gradient(width, height), first = PublishedImages.Prepare(Benchmarks.Find(benchmark)!, image);
        Assert.Equal((firstWidth, firstHeight), (first.Width, first.Height));
        Assert.Equal((lastHeight, lastWidth), SmartResize.Of(first.Height, first.Width, ModelFactor, ModelMin, ModelMax));
        if (width < 1000) Assert.Equal(Resize.BicubicPillow(image, firstWidth, firstHeight).Pixels, first.Pixels);
    }

    [Fact]
    public void A_benchmark_without_bounds_leaves_its_images_alone()
    {
        RgbImage image = Gradient(41, 31);
        Assert.Same(image, PublishedImages.Prepare(new Benchmark("Own", "own.tsv", BenchmarkKind.Vqa), image));
        Assert.Throws<InputException>(() => PublishedImages.Prepare(Benchmarks.Find("AI2D")!, Gradient(201, 1)));
    }

    [Fact]
    public void The_bounds_count_squares_of_the_models_side_and_models_without_one_see_images_as_they_are()
    {
        RgbImage small = Gradient(40, 30), image = Gradient(110, 300);
        var benchmark = Benchmarks.Find("AI2D")!;
        Assert.Equal((84, 56), (PublishedImages.Prepare(benchmark, small, 28).Width, PublishedImages.Prepare(benchmark, small, 28).Height));
        Assert.Equal((112, 308), (PublishedImages.Prepare(benchmark, image, 28).Width, PublishedImages.Prepare(benchmark, image, 28).Height));
        Assert.Same(image, PublishedImages.Prepare(benchmark, image, null));
    }

    [Fact]
    public void Evaluation_shows_the_model_what_both_steps_leave()
    {
        using var scratch = new ScratchFolder();
        string image = Convert.ToBase64String(Png.Write(40, 30, 8, 2, Gradient(40, 30).Pixels));
        foreach (string name in (string[])["OCRBench.tsv", "TextVQA_VAL.tsv", "own.tsv"]) File.WriteAllText(scratch.At("tables", name), $"index\timage\tquestion\tanswer\tcategory\n1\t{image}\tWhat?\t['a']\tRegular Text Recognition\n");
        File.WriteAllText(scratch.At("tables", Benchmarks.RowsFile), """{"benchmarks": [{"name": "Own", "file": "own.tsv", "kind": "vqa"}]}""");
        Demo.Evaluate(scratch.At("run"), new EvaluationOptions(scratch.At("tables"), MaxNewTokens: 1));
        int Tokens(string name) => EvaluationFolder.ReadAnswers(scratch.At("run"), name)["1"].VisualTokens;
        // The demo's processor: multiples of 16 (one token each) between 1,024 and 65,536 pixels.
        Assert.Equal(2 * 2, Tokens("Own"));            // 40 x 30 -> 32 x 32
        Assert.Equal(6 * 4, Tokens("TextVQA"));        // -> 96 x 64
        Assert.Equal(18 * 13, Tokens("OCRBench"));     // -> 384 x 288 -> 288 x 208
    }

    private static RgbImage Gradient(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                (pixels[(y * width + x) * 3], pixels[(y * width + x) * 3 + 1], pixels[(y * width + x) * 3 + 2]) = ((byte)(x * 7), (byte)(y * 5), (byte)(x + y));
        return new(width, height, pixels);
    }
}
