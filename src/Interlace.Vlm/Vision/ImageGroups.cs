using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Vision;

/// <summary>
/// The images of a batch, a few at a time. No image sees another, so nothing is gained by holding the activations of all at once, and an
/// image has several times as many patches as it has tokens in the decoder.
/// </summary>
internal static class ImageGroups
{
    /// <summary>
    /// Pixels of a group: two images of 1,024 x 1,024, whose patches fill a product on any GPU; a quarter of that fills one on a CPU.
    /// </summary>
    public static long MostPixels(Device device) => device.type == DeviceType.CPU ? 1L << 19 : 1L << 21;

    /// <summary>Runs of images in their order that have at most so many pixels together; a larger image stands alone.</summary>
    /// <param name="images">As the family's processor prepared them.</param>
    /// <param name="pixels">The most pixels of a group.</param>
    public static IEnumerable<IReadOnlyList<VisualInput>> Of(IEnumerable<VisualInput> images, long pixels)
    {
        List<VisualInput> group = [];
        long total = 0;
        foreach (VisualInput image in images)
        {
            long own = image.Tiles.Sum(tile => (long)tile.Width * tile.Height);
            if (group.Count > 0 && total + own > pixels)
            {
                yield return group;
                (group, total) = ([], 0);
            }
            group.Add(image);
            total += own;
        }
        if (group.Count > 0) yield return group;
    }

    /// <summary>Features of one group behind the other.</summary>
    /// <param name="groups">What the encoder gave for each; disposed here where there are several.</param>
    public static VisualFeatures Join(IReadOnlyList<VisualFeatures> groups)
    {
        if (groups.Count == 1) return groups[0];
        return new(Joined(group => group.Merged), [.. groups[0].Levels.Select((_, level) => Joined(group => group.Levels[level]))]);

        Tensor Joined(Func<VisualFeatures, Tensor> part)
        {
            Tensor[] parts = [.. groups.Select(part)];
            Tensor whole = cat(parts, 0);
            foreach (Tensor one in parts) one.Dispose();
            return whole;
        }
    }
}
