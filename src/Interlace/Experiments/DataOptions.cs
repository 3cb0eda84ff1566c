namespace Interlace.Experiments;

/// <summary>Which data (paper 3.4, A.5).</summary>
/// <param name="Path">Folder of data sets in FineVision's schema.</param>
/// <param name="Rate">Part of each data set that is drawn.</param>
/// <param name="MaxImages">Samples with more images are left out.</param>
/// <param name="MaxTurns">Samples with more turns are left out.</param>
/// <param name="MaxTokens">Longer samples are left out.</param>
/// <param name="MaxPixels">Lowers the model's own bound on the pixels of an image.</param>
/// <param name="Workers">Background workers that decode and tokenise; 0 for one per core.</param>
public sealed record DataOptions(string? Path = null, double Rate = 0.01, int MaxImages = 3, int MaxTurns = 5, int MaxTokens = 16_384,
    int? MaxPixels = null, int Workers = 0);
