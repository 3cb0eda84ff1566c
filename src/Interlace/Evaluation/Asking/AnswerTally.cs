using Interlace.Jobs;

namespace Interlace.Evaluation.Asking;

/// <summary>Counts answers for the progress of an evaluation, over all benchmarks and within the one at work.</summary>
internal sealed class AnswerTally(string stage, long total, IProgress<StageProgress>? progress)
{
    private StagePart _part;
    private long _before;   // answers of the benchmarks that are done

    /// <summary>A benchmark begins, of whose rows an earlier run has answered some.</summary>
    public void Begin(string benchmark, long rows, long answered)
    {
        _part = new(benchmark, answered, rows);
        Report();
    }

    /// <summary>One more answer.</summary>
    public void Answered()
    {
        _part = _part with { Done = _part.Done + 1 };
        Report();
    }

    /// <summary>The benchmark is done: rows that could not be asked count as done.</summary>
    public void End()
    {
        if (_part.Done < _part.Total)
        {
            _part = _part with { Done = _part.Total };
            Report();
        }
        _before += _part.Total;
    }

    private void Report() => progress?.Report(new(stage, _before + _part.Done, total, "answers", Part: _part));
}
