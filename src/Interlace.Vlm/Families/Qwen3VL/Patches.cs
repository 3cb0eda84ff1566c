using Interlace.Vlm.Images;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>The pixel values that the vision encoder reads, in plain code: the reference for what the model does on its device.</summary>
internal static class Patches
{
    /// <summary>
    /// Cuts a resized image into normalised patches: P rows of 3 x temporal x patch x patch values in the order channel, time (equal
    /// copies), y, x. Rows go by merge blocks (top to bottom, left to right), within a block by its merge x merge patches.
    /// </summary>
    /// <param name="image">An image whose sides are multiples of patch x merge.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <param name="merge">Patches along a side of a merge block.</param>
    /// <param name="temporal">Frames of a patch; a still image repeats itself.</param>
    /// <param name="mean">Mean per channel, of values 0 to 1.</param>
    /// <param name="std">Standard deviation per channel.</param>
    /// <exception cref="ArgumentException">The sides do not fit.</exception>
    public static float[] Cut(RgbImage image, int patch, int merge, int temporal, IReadOnlyList<double> mean, IReadOnlyList<double> std)
    {
        int block = patch * merge;
        if (image.Width % block != 0 || image.Height % block != 0)
            throw new ArgumentException($"{image.Width} x {image.Height} pixels are no multiple of {block}.", nameof(image));
        float[] values = new float[image.Width * image.Height * 3 * temporal];
        float[][] normalised = [.. mean.Zip(std, (m, s) => Table((float)(m * 255), (float)(s * 255)))];
        int at = 0;
        for (int blockY = 0; blockY < image.Height; blockY += block)
            for (int blockX = 0; blockX < image.Width; blockX += block)
                for (int y = blockY; y < blockY + block; y += patch)
                    for (int x = blockX; x < blockX + block; x += patch)
                        at = CutOne(image, x, y, patch, temporal, normalised, values, at);
        return values;
    }

    private static int CutOne(RgbImage image, int left, int top, int patch, int temporal, float[][] normalised, float[] values, int at)
    {
        for (int channel = 0; channel < 3; channel++)
            for (int frame = 0; frame < temporal; frame++)
                for (int y = top; y < top + patch; y++)
                {
                    ReadOnlySpan<byte> row = image.Pixels.AsSpan((y * image.Width + left) * 3, patch * 3);
                    for (int x = 0; x < patch; x++) values[at++] = normalised[channel][row[x * 3 + channel]];
                }
        return at;
    }

    private static float[] Table(float mean, float std) => [.. Enumerable.Range(0, 256).Select(value => (value - mean) / std)];
}
