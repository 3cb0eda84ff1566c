namespace Interlace.Evaluation.Tables;

/// <summary>Bounds on the pixels of an image before the model's own processor sees it, both inclusive.</summary>
public sealed record PixelBounds(int Min, int Max);
