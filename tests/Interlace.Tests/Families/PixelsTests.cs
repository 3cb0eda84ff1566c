using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Tests.Families;

/// <summary>The pixels that a vision tower reads, resized, cut, padded and normalised, equal those of the reference's processors.</summary>
[Trait("Category", "Golden")]
public class PixelsTests
{
    // One grey level is some thousand times as much: a resize that rounds otherwise anywhere is found.
    private const double Tolerance = 1e-6;

    public static TheoryData<string, string> Cases => [.. FamilyGoldens.Cases.Where(c => Inputs(c.Family, c.Case) is not null)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Pixels_equal_the_reference(string family, string name)
    {
        using var scope = NewDisposeScope();
        JsonNode golden = Inputs(family, name)!;
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        using var loaded = FamilyGoldens.Open(folder, FamilyGoldens.Golden(family, name)["processor_arguments"]);
        long[] shape = [.. golden["shape"]!.AsArray().Select(n => (long)n!)];
        Tensor own = Pixels(folder, FamilyGoldens.Sample(loaded, family, name).Images, inPatches: shape.Length == 2);
        Assert.Equal(shape.Aggregate(1L, (all, n) => all * n), own.numel());
        double worst = 0;
        void Near(double expected, double actual, double scale = 1)
        {
            worst = Math.Max(worst, Math.Abs(expected - actual) / scale);
            Assert.Equal(expected, actual, Tolerance * scale);
        }
        Tensor flat = own.flatten();
        var (samples, values) = (golden["samples"]!["flat_index"]!.AsArray(), golden["samples"]!["value"]!.AsArray());
        foreach (var (index, value) in samples.Zip(values)) Near((double)value!, flat[(long)index!].item<float>());
        Near((double)golden["min"]!, flat.min().item<float>());
        Near((double)golden["max"]!, flat.max().item<float>());
        Tensor wide = flat.to(ScalarType.Float64);
        Near((double)golden["sum"]!, wide.sum().item<double>(), own.numel());
        Near((double)golden["abs_sum"]!, wide.abs().sum().item<double>(), own.numel());
        Near((double)golden["l2"]!, wide.norm().item<double>(), Math.Sqrt(own.numel()));
        var stored = Qwen3VL.Goldens.Load(FamilyGoldens.PathOf(family, $"golden.{name}.safetensors"));
        if (stored.TryGetValue("pixel_values", out var expected)) Near(0, (expected.flatten() - flat).abs().max().item<float>());
        Assert.Equal(name == FamilyGoldens.FirstCase(family), expected is not null);
        FamilyGoldens.Report(family, name, "pixels", worst);
    }

    /// <summary>The recorded pixel values of a case; null where it has no image.</summary>
    private static JsonNode? Inputs(string family, string name) => FamilyGoldens.Golden(family, name)["inputs"]?["pixel_values"];

    /// <summary>Pixels as the encoder cuts them; patches of tiles are put together again: [tiles, 3, side, side].</summary>
    private static Tensor Pixels(string folder, IReadOnlyList<VisualInput> images, bool inPatches)
    {
        RgbImage[] tiles = [.. images.SelectMany(image => image.Tiles)];
        if (inPatches)
        {
            using var grids = new GridPatches(GridImageSettings.Load(folder), CPU);
            return cat([.. tiles.Select(grids.Cut)]);
        }
        JsonNode size = ModelConfig.Read(folder).Vision.Json["patch_size"]!;
        int patch = (int)(size as JsonArray is { } sides ? sides[0] : size)!, side = tiles[0].Width, grid = side / patch;
        var settings = ImageSettings.Read(folder);
        using var patches = new TilePatches(side, patch, settings.Channels("image_mean"), settings.Channels("image_std"), CPU);
        Tensor cut = patches.Cut(tiles).view(tiles.Length, grid, grid, 3, patch, patch);
        return cut.permute(0, 3, 1, 4, 2, 5).reshape(tiles.Length, 3, side, side);
    }
}
