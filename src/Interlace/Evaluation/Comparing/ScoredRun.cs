using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Evaluation.Comparing;

/// <summary>A run that takes part in a comparison.</summary>
/// <param name="Name">Its name in the result.</param>
/// <param name="Scores">Its scores.</param>
/// <param name="Outcomes">How each question came out, by benchmark.</param>
/// <param name="Answers">The answers by benchmark and index; empty where they lie elsewhere.</param>
public sealed record ScoredRun(string Name, ScoresFile Scores, IReadOnlyDictionary<string, Score> Outcomes, IReadOnlyDictionary<string,
    IReadOnlyDictionary<string, Answer>> Answers)
{
    private const double SameNumber = 1e-6;

    /// <summary>Reads the folder of an evaluation.</summary>
    /// <exception cref="InputException">It lacks scores or outcomes, or the two do not belong together.</exception>
    public static ScoredRun Load(string name, string folder)
    {
        var scores = ScoresFile.Load(Path.Combine(folder, ScoresFile.Name));
        var outcomes = Scoring.Outcomes.Load(Path.Combine(folder, Scoring.Outcomes.Name));
        foreach (var benchmark in scores.Benchmarks.Where(b => b.Percent is not null))
            if (!outcomes.TryGetValue(benchmark.Name, out var outcome) || outcome.Percent is not { } percent
                || Math.Abs(percent - benchmark.Percent!.Value) > SameNumber)
            {
                throw new InputException($"The scores and the outcomes of {benchmark.Name} in {folder} do not belong together: "
                    + "score the answers again with the score command.");
            }
        return new(name, scores, outcomes,
            scores.Benchmarks.ToDictionary(b => b.Name, b => EvaluationFolder.ReadAnswers(folder, b.Name), StringComparer.Ordinal));
    }
}
