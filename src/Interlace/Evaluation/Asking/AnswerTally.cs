using Interlace.Jobs;

namespace Interlace.Evaluation.Asking;

/// <summary>Counts answers for the progress of an evaluation, over all benchmarks and within the one at work.</summary>
internal sealed class AnswerTally
{
    private readonly string _stage;
    private readonly StagePart[] _parts;
    private readonly IProgress<StageProgress>? _progress;
    private int _at;   // the last benchmark that has begun

    /// <summary>Begins with the first benchmark that is not done.</summary>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="parts">The benchmarks in their order, with the answers that an earlier run has left.</param>
    /// <param name="progress">Hears of every answer.</param>
    public AnswerTally(string stage, IEnumerable<StagePart> parts, IProgress<StageProgress>? progress)
    {
        (_stage, _parts, _progress) = (stage, [.. parts], progress);
        _at = Math.Max(Array.FindIndex(_parts, part => part.Done < part.Total), 0);
        Report();
    }

    /// <summary>One more answer. That of a later benchmark tells that those before have all been asked.</summary>
    /// <param name="benchmark">0-based number of its benchmark.</param>
    public void Answered(int benchmark)
    {
        if (benchmark > _at)
        {
            _at = benchmark;
            Report();
        }
        _parts[benchmark] = _parts[benchmark] with { Done = _parts[benchmark].Done + 1 };
        Report();
    }

    /// <summary>All is asked: rows that could not be asked count as done.</summary>
    public void End()
    {
        if (_parts.Length == 0) return;
        _at = _parts.Length - 1;
        if (_parts[_at].Done == _parts[_at].Total) return;
        _parts[_at] = _parts[_at] with { Done = _parts[_at].Total };
        Report();
    }

    private void Report()
    {
        if (_parts.Length == 0) return;
        long done = _parts[.._at].Sum(part => part.Total) + _parts[_at].Done;
        _progress?.Report(new(_stage, done, _parts.Sum(part => part.Total), "answers", Part: _parts[_at]));
    }
}
