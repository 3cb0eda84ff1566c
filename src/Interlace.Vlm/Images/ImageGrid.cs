namespace Interlace.Vlm.Images;

/// <summary>Patches of a resized image along time, height and width.</summary>
public readonly record struct ImageGrid(int Time, int Height, int Width)
{
    /// <summary>Number of patches (rows of pixel values).</summary>
    public int PatchCount => Time * Height * Width;

    /// <summary>Number of visual tokens, when <paramref name="merge"/> x <paramref name="merge"/> patches become one.</summary>
    public int TokenCount(int merge) => PatchCount / (merge * merge);
}
