using Interlace.Artefacts;
using Interlace.Evaluation.Rules;
using Interlace.Vlm;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// The artefact <c>outcomes.jsonl</c> beside <c>scores.json</c>:
/// how every question came out, so that two runs can be compared question by question without tables or answers.
/// One line a question (a row, a question with its cycles, a group with its rotations).
/// </summary>
public static class Outcomes
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "outcomes.jsonl";

    private static readonly JsonLines<Outcome> Lines = new("outcomes", ascii: true, mayBeCut: false);

    /// <summary>Writes the artefact whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scores">Scores by benchmark.</param>
    public static void Save(string path, IEnumerable<(string Benchmark, Score Score)> scores) =>
        Lines.Save(path, from benchmark in scores
                         from unit in benchmark.Score.Units
                         select new Outcome(benchmark.Benchmark, unit.Key, benchmark.Score.Rule, unit.Sums));

    /// <summary>Reads an artefact: by benchmark a score that has its units, its rule and the headline that follows from them.</summary>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    public static IReadOnlyDictionary<string, Score> Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"There is no {path}, by which runs are compared question by question: "
                + "score the answers again with the score command.");
        }
        Dictionary<string, List<Outcome>> found = new(StringComparer.Ordinal);
        foreach (var outcome in Lines.Read(path))
        {
            if (!found.TryGetValue(outcome.Benchmark, out var list)) found[outcome.Benchmark] = list = [];
            list.Add(outcome);
        }
        return found.ToDictionary(entry => entry.Key, entry => ScoreOf(entry.Value), StringComparer.Ordinal);
    }

    private static Score ScoreOf(List<Outcome> outcomes)
    {
        double[] sums = new double[outcomes.Max(outcome => outcome.Sums.Length)];
        foreach (var outcome in outcomes)
            for (int i = 0; i < outcome.Sums.Length; i++) sums[i] += outcome.Sums[i];
        var rule = outcomes[0].Rule;
        return new()
        {
            Percent = Score.Headline(rule, sums), SubScores = new Dictionary<string, double>(), Rows = [], Rule = rule,
            Units = [.. outcomes.Select(outcome => new SamplingUnit(outcome.Key, outcome.Sums))],
        };
    }
}
