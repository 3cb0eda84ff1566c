namespace Interlace.Experiments;

/// <summary>Which data (paper 3.4, A.5).</summary>
/// <param name="Path">Files or folders of data sets, separated by commas; <c>PATH=RATE</c> gives one its own rate.</param>
/// <param name="Rate">Part of each data set that is drawn.</param>
/// <param name="MaxImages">Samples with more images are left out.</param>
/// <param name="MaxTurns">Samples with more turns are left out.</param>
/// <param name="MaxTokens">Longer samples are left out.</param>
/// <param name="MaxPixels">Lowers the model's own bound on the pixels of an image.</param>
/// <param name="Workers">Background workers that decode and tokenise; 0 for one per core.</param>
/// <param name="Format">auto: found by looking; finevision: Parquet files; llava or messages: JSON files.</param>
/// <param name="Images">Folder of the images that JSON rows name; beside a file of rows where absent.</param>
/// <param name="Transparency">white: transparent pixels are blended with white, as the reference's loader does;
/// dropped: their stored colour counts, as in the authors' training.</param>
public sealed record DataOptions(string? Path = null, double Rate = 0.01, int MaxImages = 3, int MaxTurns = 5, int MaxTokens = 16_384,
    int? MaxPixels = null, int Workers = 0,
    [property: LaterOption] string Format = "auto", [property: LaterOption] string? Images = null,
    [property: LaterOption] string Transparency = "white")
{
    /// <summary>Every file and folder that is read.</summary>
    public IEnumerable<string> InputPaths() =>
        [.. Path is null ? [] : DataPath.ListOf(Path).Select(one => one.Path), .. Images is null ? Array.Empty<string>() : [Images]];
}
