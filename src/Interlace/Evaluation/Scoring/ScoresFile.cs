using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Vlm;

namespace Interlace.Evaluation.Scoring;

/// <summary>The artefact <c>scores.json</c>: what a model scored, in percent, unrounded.</summary>
/// <param name="Average">Mean of the benchmarks that have a score; those without are named in <see cref="BenchmarkResult.Note"/>.</param>
/// <param name="Warnings">What a reader must know about all of the scores.</param>
/// <param name="Batching">What batching changed, where it could and was checked.</param>
public sealed record ScoresFile(string Format, string CreatedBy, EvaluationSettings Settings, int Seed, EvaluationInputs Inputs,
    BenchmarkResult[] Benchmarks, double? Average, string[]? Warnings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BatchCheck? Batching = null) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "scores.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-scores/1";

    /// <summary>What a reader must be told besides the numbers, a sentence each: rows that were left out, and the warnings.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Remarks => [.. Benchmarks.Select(b => b.LeftOut).OfType<string>(), .. Warnings ?? []];

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<ScoresFile>());

    /// <summary>The artefact's content.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable<ScoresFile>())!;

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static ScoresFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<ScoresFile>(), CurrentFormat, "evaluate the model first", "holds no valid scores",
            found =>
        {
            if (found.Benchmarks.DistinctBy(benchmark => benchmark.Name).Count() < found.Benchmarks.Length)
                throw new JsonException("a benchmark stands in it twice");
            Counts.CheckNumbers(found.Average is { } average ? [average] : [], "averages", 0, 100);
            foreach (var benchmark in found.Benchmarks)
            {
                Counts.Check(benchmark.Rows, "rows");
                Counts.Check(benchmark.JudgeFailures, "failures of the judge");
                Counts.Check(benchmark.Skipped, "skipped rows");
                if (benchmark.Interval is { Length: not 2 }) throw new JsonException("an interval has not two ends");
                Counts.CheckNumbers([.. new[] { benchmark.Percent, benchmark.PercentIfFailuresWereRight }.OfType<double>(),
                    .. benchmark.Interval ?? []], "scores", 0, 100);
                Counts.CheckNumbers(benchmark.SubScores.Values, "numbers");
                Counts.CheckNumbers(new[] { benchmark.ExtractionFailureRate, benchmark.TruncatedRate }.OfType<double>(), "rates", 0, 1);
            }
        });
}
