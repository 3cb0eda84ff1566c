using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Evaluation.Rules;
using Interlace.Vlm;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// The artefact <c>outcomes.jsonl</c> beside <c>scores.json</c>: how every question came out, so that two runs can be compared question by question without tables or answers.
/// One line a question (a row, a question with its cycles, a group with its rotations).
/// </summary>
public static class Outcomes
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "outcomes.jsonl";

    /// <summary>Writes the artefact whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scores">Scores by benchmark.</param>
    public static void Save(string path, IEnumerable<(string Benchmark, Score Score)> scores)
    {
        StringBuilder text = new();
        foreach (var (benchmark, score) in scores)
            foreach (var unit in score.Units) text.Append(JsonSerializer.Serialize(new Outcome(benchmark, unit.Key, score.Rule, unit.Sums), OutcomeJson.Default.Outcome)).Append('\n');
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Reads an artefact: by benchmark a score that has its units, its rule and the headline that follows from them.</summary>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    public static IReadOnlyDictionary<string, Score> Load(string path)
    {
        if (!File.Exists(path)) throw new InputException($"There is no {path}, by which runs are compared question by question: score the answers again with the score command.");
        Dictionary<string, List<Outcome>> found = new(StringComparer.Ordinal);
        foreach (var outcome in JsonLines<Outcome>.Read(path, OutcomeJson.Default.Outcome, "outcomes", mayBeCut: false))
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

/// <summary>How one question of a benchmark came out.</summary>
internal sealed record Outcome(string Benchmark, string Key, HeadlineRule Rule, double[] Sums);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Outcome))]
internal sealed partial class OutcomeJson : JsonSerializerContext;
