namespace Interlace.Experiments;

/// <summary>Which data (paper 3.4, A.5).</summary>
/// <param name="Path">Files or folders of data sets, separated by commas; <c>PATH=RATE</c> gives one its own rate.</param>
/// <param name="Rate">Part of each data set that is drawn.</param>
/// <param name="MaxImages">Samples with more images are left out.</param>
/// <param name="MaxTurns">Samples with more turns are left out, or cut where <paramref name="Turns"/> says so.</param>
/// <param name="MaxTokens">Longer samples are left out.</param>
/// <param name="MaxPixels">Lowers the model's own bound on the pixels of an image.</param>
/// <param name="Workers">Background workers that decode and tokenise; 0 for one per core.</param>
/// <param name="Format">auto: found by looking; finevision: Parquet files; llava, messages or text: JSON files.</param>
/// <param name="Images">Folder of the images that JSON rows name; beside a file of rows where absent.</param>
/// <param name="Transparency">white: transparent pixels are blended with white, as the reference's loader does;
/// dropped: their stored colour counts, as in the authors' training.</param>
/// <param name="Draw">seeded: random rows of each set; first: its first rows up to one that cannot be prepared, as the authors do.</param>
/// <param name="Counts">files: a set's own rows decide how many are drawn of it; published: the authors' row counts of
/// FineVision's sets, one row of a set that is not among them; lists of samples (JSON) keep their own.</param>
/// <param name="Turns">filter: rows with more than <paramref name="MaxTurns"/> are left out; truncate: their first ones are kept.</param>
/// <param name="Incomplete">Rows without turns, without answers or with null texts: skip, or keep, as the authors do.</param>
/// <param name="Reencode">none, or jpeg: every image becomes RGB in JPEG of quality 75, as the authors store it.</param>
/// <param name="TextTokens">Of a plain text at most so many tokens are taken, from its beginning; <paramref name="MaxTokens"/> where
/// absent.</param>
public sealed record DataOptions(string? Path = null, double Rate = 0.01, int MaxImages = 3, int MaxTurns = 5, int MaxTokens = 16_384,
    int? MaxPixels = null, int Workers = 0,
    [property: LaterOption] string Format = "auto", [property: LaterOption] string? Images = null,
    [property: LaterOption] string Transparency = "white",
    [property: LaterOption] string Draw = "seeded", [property: LaterOption] string Counts = "files",
    [property: LaterOption] string Turns = "filter", [property: LaterOption] string Incomplete = "skip",
    [property: LaterOption] string Reencode = "none", [property: LaterOption] int? TextTokens = null)
{
    /// <summary>Every file and folder that is read.</summary>
    public IEnumerable<string> InputPaths() =>
        [.. Path is null ? [] : DataPath.ListOf(Path).Select(one => one.Path), .. Images is null ? Array.Empty<string>() : [Images]];
}
