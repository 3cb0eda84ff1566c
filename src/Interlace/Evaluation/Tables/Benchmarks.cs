using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Evaluation.Tables;

/// <summary>The known benchmarks, and those a folder adds to them.</summary>
public static class Benchmarks
{
    /// <summary>The file beside the tables whose rows add benchmarks of known kinds.</summary>
    public const string RowsFile = "benchmarks.json";

    private const int LongestText = 200;

    private static readonly PixelBounds Published = new(Min: 4 * 32 * 32, Max: 16384 * 32 * 32);
    private static readonly PixelBounds PublishedOcr = new(Min: 10 * 10 * 32 * 32, Max: 16384 * 32 * 32);

    /// <summary>The paper's groups, in the order of its tables.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["Text/Chart", "GVQA", "Perception", "Inst&Sci"];

    /// <summary>The twelve benchmarks of the paper (evaluation rule 2), in the order of its tables.</summary>
    public static IReadOnlyList<Benchmark> Paper { get; } =
    [
        new("AI2D", "AI2D_TEST.tsv", BenchmarkKind.Choice, "Text/Chart", Md5: "0f593e0d1c7df9a3d69bf1f947e71975", Rows: 3088,
            Pixels: Published, PublishedAs: "AI2D_TEST"),
        new("ChartQA", "ChartQA_TEST.tsv", BenchmarkKind.Relaxed, "Text/Chart", Md5: "c902e0aa9be5582a7aad6dcf52734b42", Rows: 2500,
            Pixels: Published, PublishedAs: "ChartQA_TEST"),
        new("OCRBench", "OCRBench.tsv", BenchmarkKind.Contains, "Text/Chart", Md5: "e953d98a987cc6e26ef717b61260b778", Rows: 1000,
            Pixels: PublishedOcr),
        new("TextVQA", "TextVQA_VAL.tsv", BenchmarkKind.Vqa, "Text/Chart", Md5: "b233b31f551bbf4056f2f955da3a92cd", Rows: 5000,
            Pixels: Published, PublishedAs: "TextVQA_VAL"),
        new("MMBench", "MMBench_DEV_EN_V11.tsv", BenchmarkKind.Circular, "GVQA", HeadlineSplit: "dev",
            Md5: "30c05be8f2f347a50be25aa067248184", Pixels: Published, PublishedAs: "MMBench_DEV_EN_V11"),
        new("POPE", "POPE.tsv", BenchmarkKind.YesNo, "GVQA", Md5: "c12f5acb142f2ef1f85a26ba2fbe41d5", Rows: 5127, Pixels: Published),
        new("RealWorldQA", "RealWorldQA.tsv", BenchmarkKind.Choice, "GVQA", Md5: "4de008f55dc4fd008ca9e15321dc44b7", Rows: 765,
            Pixels: Published),
        new("HRBench4K", "hr_bench_4k.tsv", BenchmarkKind.Cycle, "Perception", Md5: "f6b041b03d49543494b8a56d2e35be65", Rows: 800,
            Pixels: Published),
        new("HRBench8K", "hr_bench_8k.tsv", BenchmarkKind.Cycle, "Perception", Md5: "274c9c7f89329b804a4723178a00219c", Rows: 800,
            Pixels: Published),
        new("VStar", "VStarBench.tsv", BenchmarkKind.Choice, "Perception", Md5: "b18854d7075574be06b631cd5f7d2d6a", Rows: 191,
            Pixels: Published, PublishedAs: "VStarBench"),
        new("MIABench", "Mia-Bench.tsv", BenchmarkKind.Judged, "Inst&Sci", Md5: "0b9de595f4dd40af18a69b94d89aba82", Rows: 400,
            Pixels: Published, PublishedAs: "MIA-Bench"),
        new("ScienceQA", "ScienceQA_TEST.tsv", BenchmarkKind.Choice, "Inst&Sci", Md5: "e42e9e00f9c59a80d8a5db35bc32b71f", Rows: 2017,
            Pixels: Published, PublishedAs: "ScienceQA_TEST"),
    ];

    /// <summary>All known rows: the paper's twelve, then benchmarks of the same kinds that the paper does not use.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        .. Paper,
        new("DocVQA", "DocVQA_VAL.tsv", BenchmarkKind.Anls, Md5: "d5ee77e1926ff10690d469c56b73eabf", Pixels: Published,
            PublishedAs: "DocVQA_VAL"),
        new("InfoVQA", "InfoVQA_VAL.tsv", BenchmarkKind.Anls, Md5: "2342e9c225222f0ef4dec545ebb126fe", Pixels: Published,
            PublishedAs: "InfoVQA_VAL"),
    ];

    /// <summary>The known benchmark of a name, ours or VLMEvalKit's, ignoring case; null where there is none.</summary>
    public static Benchmark? Find(string name) => All.FirstOrDefault(b => IsNamed(b, name));

    /// <summary>The kind written as in artefacts and on the command line, such as <c>yes-no</c>.</summary>
    /// <exception cref="InputException">There is no such kind.</exception>
    public static BenchmarkKind ParseKind(string kind)
    {
        foreach (BenchmarkKind known in Enum.GetValues<BenchmarkKind>())
            if (KindName(known).Equals(kind, StringComparison.OrdinalIgnoreCase)) return known;
        throw new InputException($"'{kind}' is no kind of benchmark; "
            + $"the kinds are {string.Join(", ", Enum.GetValues<BenchmarkKind>().Select(KindName))}.");
    }

    /// <summary>The kind as it is written in artefacts.</summary>
    public static string KindName(BenchmarkKind kind) =>
        JsonSerializer.SerializeToElement(kind, BenchmarkJson.Default.BenchmarkKind).GetString()!;

    /// <summary>The rows of a JSON file: <c>{"benchmarks": [{"name", "file", "kind", ...}]}</c>,
    /// the members of <see cref="Benchmark"/> in snake case.</summary>
    /// <exception cref="InputException">The file is missing or says something else, or a row cannot be used.</exception>
    public static IReadOnlyList<Benchmark> Load(string path)
    {
        UserFile.Check(path, $"There is no file of benchmark rows at {path}.");
        if (StrictJson.Read(path) is null) throw new InputException($"{path} holds no benchmark rows.");
        try
        {
            var rows = StrictJson.Parse(StrictJson.Bytes(path), BenchmarkJson.Default.BenchmarkRows).Benchmarks;
            Check(rows, path);
            return rows;
        }
        catch (JsonException e)
        {
            // A converter of ours does not know where in the file it is.
            string place = e.Path is { } at && !e.Message.Contains(at, StringComparison.Ordinal) ? $"{at}: " : "";
            throw new InputException($"{path} is no list of benchmark rows: {place}{e.Message}", e);
        }
    }

    /// <summary>
    /// The benchmarks whose tables lie in a folder: first the rows of its <see cref="RowsFile"/>, then the known rows,
    /// a known table under its file name or <c>NAME.tsv</c> ignoring case.
    /// </summary>
    /// <param name="folder">The folder of tables.</param>
    /// <param name="only">Names to keep, in that order; null keeps all.</param>
    /// <exception cref="InputException">The folder, a table named in the rows file or a name
    /// in <paramref name="only"/> is not there.</exception>
    public static IReadOnlyList<FoundBenchmark> In(string folder, IReadOnlyList<string>? only = null)
    {
        UserFile.CheckFolder(folder, $"There is no folder of benchmark tables at {folder}.");
        DownloadCache.Refuse(folder);
        List<FoundBenchmark> found = [];
        string rows = Path.Combine(folder, RowsFile);
        foreach (Benchmark benchmark in UserFile.KindOf(rows) == PathKind.Missing ? [] : Load(rows))
        {
            string path = Path.Combine(folder, benchmark.File);
            UserFile.Check(path, $"{rows} names the table {benchmark.File}, which is not in {folder}.");
            found.Add(new(benchmark, path));
        }
        string[] tables = [.. Directory.EnumerateFiles(folder, "*.tsv").Order(StringComparer.Ordinal)
            .Where(table => !found.Exists(f => Same(f.Path, table)))];
        foreach (Benchmark benchmark in All.Where(known => !found.Exists(f => Same(f.Benchmark.Name, known.Name))))
            if (Array.Find(tables, table => IsTableOf(benchmark, Path.GetFileName(table))) is { } path) found.Add(new(benchmark, path));
        if (only is null)
            return found.Count > 0
                ? found
                : throw new InputException($"{folder} holds no table of a known benchmark; name other tables in {RowsFile} beside them.");
        return [.. only.Select(name =>
            found.Find(f => IsNamed(f.Benchmark,
            name)) ?? throw new InputException($"There is no benchmark {name} in {folder}; "
                + $"it holds {string.Join(", ", found.Select(f => f.Benchmark.Name))}."))];
    }

    internal static bool IsNamed(Benchmark benchmark, string name) =>
        benchmark.Name.Equals(name, StringComparison.OrdinalIgnoreCase)
            || name.Equals(benchmark.PublishedAs, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A name becomes that of a file of answers, so it must be one on every system, whether or not that tells capitals apart.
    /// </summary>
    private static void Check(IReadOnlyList<Benchmark> rows, string path)
    {
        foreach (var (i, row) in rows.Index())
        {
            if (row is null) throw new InputException($"{path}: row {i + 1} is null.");
            string place = $"{path}: row {i + 1},";
            PlainName.Check(row.Name, $"{place} name");
            PlainName.Check(row.File, $"{place} file");
            if (row.Pixels is { } pixels && (pixels.Min < 1 || pixels.Max < pixels.Min))
            {
                throw new InputException($"{place} pixels are {pixels.Min} to {pixels.Max}: "
                    + "give a least number above 0 and a largest that is not below it.");
            }
            if (new[] { row.Group, row.Headline, row.HeadlineSplit, row.PublishedAs }.Any(text => text?.Length > LongestText))
                throw new InputException($"{place} has a text of more than {LongestText} characters.");
            foreach (Benchmark other in rows.Take(i))
            {
                if (Same(other.Name, row.Name))
                    throw new InputException($"{path} has two rows of the name {row.Name}, apart from capitals: name each benchmark once.");
                if (Same(other.File, row.File))
                {
                    throw new InputException($"{path} names the table {row.File} in two rows, {other.Name} and {row.Name}: "
                        + "give each row a table of its own.");
                }
            }
        }
    }

    private static bool Same(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static bool IsTableOf(Benchmark benchmark, string file) =>
        file.Equals(benchmark.File, StringComparison.OrdinalIgnoreCase) || IsNamed(benchmark, Path.GetFileNameWithoutExtension(file));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BenchmarkRows))]
[JsonSerializable(typeof(BenchmarkKind))]
internal sealed partial class BenchmarkJson : JsonSerializerContext;
