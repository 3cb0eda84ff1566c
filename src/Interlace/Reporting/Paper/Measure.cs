using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting.Paper;

/// <summary>A number with where it may lie: a 95 % interval of one run, the range of several.</summary>
internal readonly record struct Measure(double? Value, Interval? Interval, int Runs)
{
    /// <summary>As a place of a table.</summary>
    public Cell Cell(double? published = null, params IReadOnlyList<string> notes) =>
        Reporting.Cell.Percent(Value, Interval, published,
            [.. Value is not null && Runs > 1 ? [$"range of {Runs} runs"] : (string[])[], .. notes]);
}
