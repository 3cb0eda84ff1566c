using Interlace.Data.Json;
using Interlace.Data.Parquet;
using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Files;
using Interlace.Vlm.Hub;

namespace Interlace.Data;

/// <summary>Finds the sets of a file or a folder.</summary>
internal static class DataPlaces
{
    private const string Parquet = ".parquet";
    private static readonly string[] Json = [".json", ".jsonl", ".json" + RowStream.Packed, ".jsonl" + RowStream.Packed];

    /// <summary>
    /// The sets at a path, in ordinal order of their names. A file is one set. In a folder every subfolder is one, with the files at any
    /// depth; of the files directly in it the Parquet files together form one and each JSON file is one.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="format">The format of its files.</param>
    /// <param name="images">Folder of the images that JSON rows name.</param>
    /// <param name="alone">Whether it is the only path; else a set of the files directly in it has its name, and not <c>.</c>.</param>
    /// <exception cref="InputException">It is missing or holds no rows, or a file is none of its format.</exception>
    public static IReadOnlyList<DataSet> SetsOf(DataPath path, DataFormat format, string? images, bool alone)
    {
        if (images is not null)
            UserFile.CheckFolder(images, $"The folder of images '{images}' does not exist: name another as data.images.");
        if (HubRepository.HasPrefix(path.Path))
            throw new InputException($"{path.Path} lies on the hub: take a sample of it with interlace sample, and name that folder.");
        bool isSample = format is DataFormat.Auto or DataFormat.FineVision && SampleFile.IsIn(path.Path);
        var sets = UserFile.KindOf(path.Path) is PathKind.File or PathKind.Special ? [OfFile(path.Path, format, images)]
            : isSample ? SampledSets.Of(path.Path) : OfFolder(path.Path, format, images);
        DataSet[] filled = [.. sets.Where(set => set.Rows > 0)];
        if (filled.Length == 0) throw NoRows(path.Path, format);
        return [.. filled.Select(set => set with { Name = set.Name != "." || alone ? set.Name
            : isSample ? SampledSets.NameOf(path.Path) : NameOf(path.Path), Rate = path.Rate })];
    }

    private static DataSet OfFile(string path, DataFormat format, string? images)
    {
        UserFile.Check(path);
        string name = Path.GetFileName(path);
        if (!EndsIn(name, Endings(format)))
        {
            throw new InputException($"The data file '{path}' does not end in {string.Join(" or ", Endings(format))}: "
                + "name a file that does, or another data.format.");
        }
        return new(name, [Open(name, path, format, images)]);
    }

    private static List<DataSet> OfFolder(string folder, DataFormat format, string? images)
    {
        UserFile.CheckFolder(folder,
            $"The data folder '{folder}' does not exist: give a folder with one subfolder of Parquet files per data set, "
            + "or a file or folder of JSON rows.");
        DownloadCache.Refuse(folder);
        IEnumerable<(string Name, string Folder, bool Deep)> candidates = [(".", folder, false), .. Directory.EnumerateDirectories(folder)
            .Where(path => !IsHidden(path)).Select(path => (Path.GetFileName(path), path, true))];
        var inOrder = candidates.OrderBy(candidate => candidate.Name, StringComparer.Ordinal).ToArray();
        // Where nothing says otherwise, the JSON files beside Parquet files describe them and are no rows.
        if (format == DataFormat.Auto && inOrder.Any(place => Files(place.Folder, "", place.Deep, [Parquet]).Any()))
            format = DataFormat.FineVision;
        List<DataSet> sets = [];
        foreach (var (name, path, deep) in inOrder)
        {
            DownloadCache.Refuse(path);
            Shard[] shards = [.. Files(path, "", deep, Endings(format)).OrderBy(file => file.Name, StringComparer.Ordinal)
                .Select(file => Open(file.Name, file.Path, format, images))];
            if (deep || format == DataFormat.FineVision) sets.Add(new DataSet(name, shards));
            else sets.AddRange(shards.Select(shard => new DataSet(shard.Name, [shard])));
        }
        return [.. sets.OrderBy(set => set.Name, StringComparer.Ordinal)];
    }

    private static IEnumerable<(string Name, string Path)> Files(string folder, string prefix, bool deep, string[] endings)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
            if (EndsIn(path, endings) && !IsHidden(path)) yield return (prefix + Path.GetFileName(path), path);
        if (!deep) yield break;
        foreach (string path in Directory.EnumerateDirectories(folder)
            .Where(path => !IsHidden(path) && new DirectoryInfo(path).LinkTarget is null))
            foreach (var file in Files(path, prefix + Path.GetFileName(path) + "/", deep, endings)) yield return file;
    }

    private static Shard Open(string name, string path, DataFormat format, string? images) =>
        Path.GetExtension(path) == Parquet ? FineVisionFile.Open(name, path) : JsonRowFile.Open(name, path, format, images);

    private static bool EndsIn(string name, string[] endings) =>
        endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal) && name.Length > ending.Length);

    private static string[] Endings(DataFormat format) => format switch
    {
        DataFormat.FineVision => [Parquet],
        DataFormat.Auto => [Parquet, .. Json],
        _ => Json,
    };

    private static InputException NoRows(string path, DataFormat format) => new(File.Exists(path)
        ? $"The data file '{path}' holds no rows."
        : $"The data folder '{path}' holds no rows: it needs "
            + (format switch { DataFormat.FineVision => "Parquet", DataFormat.Auto => "Parquet or JSON", _ => "JSON" })
            + " files, in one subfolder per data set or directly in it.");

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private static bool IsHidden(string path) => Path.GetFileName(path).StartsWith('.');
}
