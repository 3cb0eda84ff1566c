using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Hub;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// Fetches the tables of the paper's benchmarks from where they are published: <c>TableAddresses.json</c>, a list of facts (VLMEvalKit's
/// <c>DATASET_URL</c>), with the MD5 of <see cref="Benchmarks.Paper"/>.
/// </summary>
public static class TableFetch
{
    /// <summary>The published address of each benchmark's table, by its name.</summary>
    public static IReadOnlyDictionary<string, Uri> Addresses { get; } = Read();

    /// <summary>The benchmarks of some names; all of the paper's where none are given.</summary>
    /// <exception cref="InputException">A name is not among them.</exception>
    public static IReadOnlyList<Benchmark> Chosen(IReadOnlyList<string>? only) => only is null ? Benchmarks.Paper : [.. only.Select(name =>
        Benchmarks.Paper.FirstOrDefault(benchmark => Benchmarks.IsNamed(benchmark, name)) ?? throw new InputException(
            $"There is no published table of '{name}': choose from "
                + $"{string.Join(", ", Benchmarks.Paper.Select(benchmark => benchmark.Name))}."))];

    /// <summary>Fetches a table, unless it is there.</summary>
    /// <param name="benchmark">One of the paper's.</param>
    /// <param name="folder">The folder of tables.</param>
    /// <param name="settings">How it is asked for.</param>
    /// <param name="mirror">Address of a folder that holds the tables too, in place of the published ones.</param>
    /// <param name="progress">How far it has come.</param>
    /// <param name="cancellation">Ends it; what came is kept.</param>
    /// <returns>Bytes of the table.</returns>
    /// <exception cref="InputException">It is not there, or another than the published one.</exception>
    public static long Fetch(Benchmark benchmark, string folder, HubSettings settings, Uri? mirror = null,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        Uri address = mirror is null ? Addresses[benchmark.Name] : new($"{mirror.AbsoluteUri.TrimEnd('/')}/{benchmark.File}");
        var file = new WebFile($"The table of {benchmark.Name}", address, benchmark.Md5!);
        return file.Fetch(Path.Combine(folder, benchmark.File), settings,
            bytes => progress is null ? null : new ByteProgress(benchmark.Name, bytes, progress), cancellation);
    }

    private static Dictionary<string, Uri> Read()
    {
        using var stream = typeof(TableFetch).Assembly.GetManifestResourceStream("TableAddresses.json")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return StrictJson.Parse(bytes.ToArray())!.AsObject().ToDictionary(row => row.Key, row => new Uri((string)row.Value!));
    }
}
