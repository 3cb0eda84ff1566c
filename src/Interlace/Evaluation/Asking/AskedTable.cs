using Interlace.Artefacts;
using Interlace.Evaluation.Tables;
using Interlace.Jobs;

namespace Interlace.Evaluation.Asking;

/// <summary>The answers of a table as they come, behind those of an earlier run.</summary>
/// <param name="benchmark">Name of the benchmark.</param>
/// <param name="all">The rows that are asked at all, in the order that the file will have.</param>
/// <param name="wanted">Those of them that are asked here.</param>
/// <param name="path">The file of answers; it is there only if some row is wanted.</param>
/// <param name="times">The file of their times, where it is kept.</param>
internal sealed class AskedTable(string benchmark, IReadOnlyList<BenchmarkRow> all, IReadOnlyList<BenchmarkRow> wanted, string path,
    string? times) : IDisposable
{
    private JsonLinesWriter<Answer>? _answers;
    private JsonLinesWriter<AnswerSeconds>? _times;

    /// <summary>0-based places among all rows of those that have no answer yet.</summary>
    public int[] Left { get; private set; } = [];

    /// <summary>What is done and to be done.</summary>
    public StagePart Part => new(benchmark, wanted.Count - Left.Length, wanted.Count);

    /// <summary>Opens the files and looks at what is left.</summary>
    /// <exception cref="Vlm.InputException">A line is damaged, or a row was answered twice.</exception>
    public void Open()
    {
        if (times is null && wanted.Count == 0) return;
        _answers = AnswerFile.Open(path);
        var known = AnswerFile.ByIndex(_answers.Found, path);
        if (times is not null) _times = AnswerSeconds.Open(times, known.Keys);
        var open = wanted.Select(row => row.Index).Where(index => !known.ContainsKey(index)).ToHashSet(StringComparer.Ordinal);
        Left = [.. all.Index().Where(row => open.Contains(row.Item.Index)).Select(row => row.Index)];
    }

    /// <summary>Keeps an answer; its time is written first, which alone does no harm.</summary>
    public void Add(Answer answer, AnswerSeconds seconds)
    {
        _times?.Add(seconds);
        _answers!.Add(answer);
    }

    /// <summary>Brings the answers into the order of the rows.</summary>
    public void Sort()
    {
        if (_answers is not null) AnswerFile.Sort(path, all);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answers?.Dispose();
        _times?.Dispose();
    }
}
