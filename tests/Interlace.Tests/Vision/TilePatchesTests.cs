using Interlace.Vlm.Images;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Tests.Vision;

public class TilePatchesTests
{
    [Theory, InlineData(6, 3), InlineData(7, 3), InlineData(8, 3), InlineData(5, 5)]
    public void Patches_are_the_pixels_at_their_places_and_what_is_left_right_and_below_belongs_to_none(int side, int patch)
    {
        using var scope = NewDisposeScope();
        var tile = new RgbImage(side, side, [.. Enumerable.Range(0, side * side * 3).Select(i => (byte)i)]);
        using var patches = new TilePatches(side, patch, [0, 0, 0], [1, 1, 1], CPU);
        int grid = side / patch;
        var expected = from row in Enumerable.Range(0, grid)
                       from column in Enumerable.Range(0, grid)
                       from channel in Enumerable.Range(0, 3)
                       from y in Enumerable.Range(row * patch, patch)
                       from x in Enumerable.Range(column * patch, patch)
                       select tile.Pixels[(y * side + x) * 3 + channel] / 255f;
        Tensor cut = patches.Cut([tile]);
        Assert.Equal([grid * grid, 3 * patch * patch], cut.shape);
        Assert.Equal(expected, cut.data<float>());
    }
}
