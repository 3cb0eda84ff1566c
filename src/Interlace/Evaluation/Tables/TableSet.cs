using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Tables;

/// <summary>The tables of several benchmarks, opened and hashed together.</summary>
public sealed class TableSet : IDisposable
{
    private readonly List<(Benchmark Benchmark, BenchmarkTable Table)> _tables = [];
    private readonly FileStamps _stamps;

    private TableSet(FileStamps stamps) => _stamps = stamps;

    /// <summary>The benchmarks in their order, each with its table.</summary>
    public IReadOnlyList<(Benchmark Benchmark, BenchmarkTable Table)> Tables => _tables;

    /// <summary>MD5 by file name.</summary>
    public IReadOnlyDictionary<string, string> Md5 => _tables.ToDictionary(t => t.Table.Name, t => t.Table.Md5!);

    /// <summary>Bytes by file name.</summary>
    internal IReadOnlyDictionary<string, long> Sizes => _tables.ToDictionary(t => t.Table.Name, t => t.Table.Bytes);

    /// <summary>Opens tables.</summary>
    /// <param name="benchmarks">Where they are.</param>
    /// <param name="hash">Whether <see cref="Md5"/> is needed.</param>
    /// <exception cref="InputException">One is absent or wrong.</exception>
    public static TableSet Open(IEnumerable<FoundBenchmark> benchmarks, bool hash = true)
    {
        FoundBenchmark[] found = [.. benchmarks];
        TableSet set = new(FileStamps.Of(found.Select(benchmark => benchmark.Path)));
        try
        {
            foreach (var (benchmark, path) in found) set._tables.Add((benchmark, BenchmarkTable.Open(path, hash)));
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Opens the tables that were answered, which must not have changed since.</summary>
    /// <param name="folder">The folder of tables.</param>
    /// <param name="answered">MD5 by file name.</param>
    /// <exception cref="InputException">One is absent, wrong or another.</exception>
    public static TableSet Answered(string folder, IReadOnlyDictionary<string, string> answered)
    {
        var found = Benchmarks.In(folder).Where(f => answered.ContainsKey(Path.GetFileName(f.Path))).ToArray();
        if (answered.Keys.FirstOrDefault(name => !found.Any(f => Path.GetFileName(f.Path) == name)) is { } absent)
        {
            throw new InputException($"{folder} lacks the table {absent}, which was answered: "
                + "name the folder of tables with --benchmarks.");
        }
        var set = Open(found);
        if (set._tables.Find(t => t.Table.Md5 != answered[t.Table.Name]).Table is not { } other) return set;
        set.Dispose();
        throw new InputException($"{other.Name} in {folder} is not the table that was answered (MD5 {other.Md5}, "
            + $"answered {answered[other.Name]}): evaluate again, or name the folder of tables with --benchmarks.");
    }

    /// <summary>Checks that the tables are what they were when they were hashed: images are read when they are asked for.</summary>
    /// <exception cref="InputException">One has changed, or is gone.</exception>
    public void CheckUnchanged() => _stamps.Check();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, table) in _tables) table.Dispose();
    }
}
