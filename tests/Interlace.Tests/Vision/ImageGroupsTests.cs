using Interlace.Tests.Families;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Tests.Vision;

public class ImageGroupsTests
{
    public static TheoryData<string> Families =>
        [.. FamilyGoldens.Cases.Where(Shows).Select(golden => golden.Family).Distinct()];

    [Theory]
    [InlineData(100, new[] { 64, 36, 1 }, "64+36 1")]
    [InlineData(100, new[] { 64, 49, 36 }, "64 49+36")]
    [InlineData(100, new[] { 144, 1, 144 }, "144 1 144")]
    [InlineData(1, new[] { 4, 4 }, "4 4")]
    [InlineData(1, new int[0], "")]
    public void Images_stay_in_order_and_a_group_holds_no_more_pixels_than_it_may(long pixels, int[] sizes, string expected)
    {
        var images = sizes.Select(size => Picture((int)Math.Sqrt(size)));
        var groups = ImageGroups.Of(images, pixels)
            .Select(group => string.Join('+', group.Select(image => image.Tiles[0].Width * image.Tiles[0].Height)));
        Assert.Equal(expected, string.Join(' ', groups));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Features_of_images_one_by_one_are_those_of_all_at_once(string family)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var loaded = FamilyGoldens.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published));
        VisualInput[] images = [.. FamilyGoldens.Cases.Where(golden => golden.Family == family)
            .SelectMany(golden => FamilyGoldens.Sample(loaded, family, golden.Case).Images)];
        VisualFeatures Encoded(IReadOnlyList<VisualInput> some) =>
            loaded.Model.Vision!.Encode(some, ScalarType.Float32, Goldens.Device, null);
        var (whole, joined) = (Encoded(images), ImageGroups.Join([.. ImageGroups.Of(images, pixels: 1).Select(Encoded)]));
        Assert.True(images.Length > 1 && whole.Levels.Count == joined.Levels.Count);
        foreach (var (one, other) in ((Tensor[])[whole.Merged, .. whole.Levels]).Zip([joined.Merged, .. joined.Levels]))
        {
            Assert.Equal(one.shape, other.shape);
            Assert.True((one - other).abs().max().item<float>() <= 1e-5f * one.abs().max().item<float>());
        }
    }

    private static bool Shows((string Family, string Case) golden) =>
        FamilyGoldens.Golden(golden.Family, golden.Case)["image_files"]!.AsArray().Count > 0;

    private static VisualInput Picture(int side)
    {
        var image = new RgbImage(side, side, new byte[3 * side * side]);
        return VisualInput.Whole(image, image, tokenCount: 1);
    }
}
