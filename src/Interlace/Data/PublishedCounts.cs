using Interlace.Vlm.Checkpoints;

namespace Interlace.Data;

/// <summary>
/// Rows of FineVision's data sets by the authors' list, of which they draw: facts of their release (pmadinei/Interlace, commit 772ba406,
/// <c>dataset_sample_counts.json</c>).
/// </summary>
internal static class PublishedCounts
{
    private static readonly Dictionary<string, long> Counts = Read();

    /// <summary>The names of the list.</summary>
    public static IReadOnlyCollection<string> Names => Counts.Keys;

    /// <summary>Rows of a set by its name, or by its folder's where it is the folder itself; 0 for one that is not listed.</summary>
    public static long Of(DataSet set) => Counts.GetValueOrDefault(set.Name != "." ? set.Name
        : Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(set.Shards[0].Path)))!);

    private static Dictionary<string, long> Read()
    {
        using var stream = typeof(PublishedCounts).Assembly.GetManifestResourceStream("FineVisionCounts.json")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return StrictJson.Parse(bytes.ToArray())!.AsObject().ToDictionary(row => row.Key, row => (long)row.Value!);
    }
}
