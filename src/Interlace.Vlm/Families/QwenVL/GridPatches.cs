using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>
/// The patches of images whose sides are multiples of a merge block, in the order of these blocks: top to bottom, left to right, within a
/// block by its m x m patches. The vision towers of Qwen2-VL, Qwen2.5-VL and Qwen3-VL read them so.
/// </summary>
/// <param name="settings">Sizes, mean and deviation.</param>
/// <param name="device">Where they are cut.</param>
internal sealed class GridPatches(GridImageSettings settings, Device device) : IDisposable
{
    private const double RopeTheta = 10_000;

    private readonly PixelNormalisation _normalisation = new(settings.Mean, settings.Std, device);

    /// <summary>Patches along height and width of each image.</summary>
    public (int Height, int Width)[] GridsOf(IEnumerable<RgbImage> images) =>
        [.. images.Select(image => (image.Height / settings.PatchSize, image.Width / settings.PatchSize))];

    /// <summary>Time, height and width of each grid, as an observer is shown them: [images, 3].</summary>
    public static Tensor Sizes((int Height, int Width)[] grids) =>
        tensor(grids.SelectMany(grid => new long[] { 1, grid.Height, grid.Width }).ToArray()).view(-1, 3);

    /// <summary>An image's patches [P, 3 * t * p * p], normalised, fp32; the image stands still for all t.</summary>
    public Tensor Cut(RgbImage image)
    {
        using var scope = NewDisposeScope();
        int p = settings.PatchSize, m = settings.MergeSize, t = settings.TemporalPatchSize;
        if (image.Height % (p * m) != 0 || image.Width % (p * m) != 0)
        {
            throw new ArgumentException($"an image of {image.Width} x {image.Height} does not fit patches of {p} merged by "
                + $"{m}", nameof(image));
        }
        Tensor bytes = Upload.Of(image.Pixels, device);
        Tensor pixels = bytes.view(image.Height / (p * m), m, p, image.Width / (p * m), m, p, 3);
        Tensor blocks = pixels.permute(0, 3, 1, 4, 6, 2, 5).to(ScalarType.Float32);   // [rows, columns, m, m, 3, p, p]
        Tensor normal = _normalisation.Forward(blocks).unsqueeze(5);                  // [.., 3, 1, p, p]
        return normal.expand(-1, -1, -1, -1, -1, t, -1, -1).reshape(-1, 3 * t * p * p).MoveToOuterDisposeScope();
    }

    /// <summary>Turns of the patches of all images: the first half of a head's frequencies by the row, the second by the column.</summary>
    /// <param name="grids">Patches along height and width of each image.</param>
    /// <param name="headSize">Values of a head.</param>
    /// <param name="type">Type of the computation.</param>
    public Rotary RotaryOf((int Height, int Width)[] grids, int headSize, ScalarType type)
    {
        int m = settings.MergeSize;
        var (rows, columns) = (new List<float>(), new List<float>());
        foreach (var (height, width) in grids)
            for (int y = 0; y < height; y += m)
                for (int x = 0; x < width; x += m)
                    for (int i = 0; i < m * m; i++)
                    {
                        rows.Add(y + i / m);
                        columns.Add(x + i % m);
                    }
        Tensor frequencies = Rotary.Frequencies(headSize / 2, RopeTheta, device);       // [d / 4]
        Tensor Angles(List<float> at) => Upload.Of(at.ToArray(), device).unsqueeze(1) * frequencies;
        return Rotary.FromAngles(cat([Angles(rows), Angles(columns)], 1), type);        // [P, d / 2]
    }

    public void Dispose() => _normalisation.Dispose();
}
