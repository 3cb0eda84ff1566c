using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation;

/// <summary>The artefact <c>scores.json</c>: what a model scored, in percent, unrounded.</summary>
/// <param name="Average">Mean of the benchmarks that have a score; those without are named in <see cref="BenchmarkResult.Note"/>.</param>
/// <param name="Warnings">What a reader must know about all of the scores.</param>
/// <param name="Batching">What batching changed, where it could and was checked.</param>
public sealed record ScoresFile(string Format, string CreatedBy, EvaluationSettings Settings, int Seed, EvaluationInputs Inputs, BenchmarkResult[] Benchmarks, double? Average, string[]? Warnings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BatchCheck? Batching = null) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "scores.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-scores/1";

    /// <summary>The protocol of answers that this program did not make.</summary>
    public const string Elsewhere = "elsewhere";

    /// <summary>What a reader must be told besides the numbers, a sentence each: rows that were left out, and the warnings.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Remarks => [.. Benchmarks.Select(b => b.LeftOut).OfType<string>(), .. Warnings ?? []];

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable.ScoresFile);

    /// <summary>The artefact's content.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable.ScoresFile)!;

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static ScoresFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable.ScoresFile, CurrentFormat, "evaluate the model first", "holds no valid scores", found =>
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

/// <summary>What decides the answers and their scores besides model and tables.</summary>
/// <param name="Protocol">limited or cot; <see cref="ScoresFile.Elsewhere"/> for answers that this program did not make.</param>
/// <param name="MaxNewTokens">Most tokens of an answer; 0 where that is not known.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Rules">Rule set of multiple-choice extraction.</param>
/// <param name="Judge">The judge's kind and model, or none.</param>
/// <param name="Limit">At most this many rows of each table.</param>
/// <param name="MaxPixels">Bound on the pixels of an image.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Dtype">Type of the computation.</param>
/// <param name="Sampling">greedy or qwen.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
public sealed record EvaluationSettings(string Protocol, int MaxNewTokens, string Prompts, string Rules, string Judge, int? Limit, int? MaxPixels, string Device, string Dtype,
    string Sampling = "greedy", IReadOnlyDictionary<string, BenchmarkOverrides>? Overrides = null);

/// <summary>The model and the tables.</summary>
/// <param name="Model">The model; null for answers that this program did not make.</param>
/// <param name="Tables">MD5 by file name.</param>
/// <param name="History">What was done to the model, where that is known.</param>
public sealed record EvaluationInputs(ModelIdentity? Model, IReadOnlyDictionary<string, string> Tables, ModelHistory? History = null);

/// <summary>One benchmark's score.</summary>
/// <param name="Percent">The headline; null where it could not be evaluated.</param>
/// <param name="Interval">95 % bootstrap interval, low and high.</param>
/// <param name="SubScores">Other numbers by name.</param>
/// <param name="ExtractionFailureRate">Share of answers from which nothing could be read.</param>
/// <param name="TruncatedRate">Share of answers that ran into the token limit; null where that is not known.</param>
/// <param name="Rows">Rows answered.</param>
/// <param name="Skipped">Rows left out, by reason.</param>
/// <param name="Note">What a reader must know about the number.</param>
/// <param name="Group">The group it is averaged in, or null for none.</param>
/// <param name="JudgeFailures">Questions to which the judge gave no readable reply.</param>
/// <param name="PercentIfFailuresWereRight">The headline if every answer that nobody could read were right: with <paramref name="Percent"/> the bounds of what a judge could make of it.</param>
public sealed record BenchmarkResult(string Name, string Headline, double? Percent, double[]? Interval, IReadOnlyDictionary<string, double> SubScores,
    double? ExtractionFailureRate, double? TruncatedRate, int Rows, IReadOnlyDictionary<string, long> Skipped, string? Note,
    string? Group = null, int JudgeFailures = 0, double? PercentIfFailuresWereRight = null)
{
    /// <summary>How many rows were left out and why, as a sentence; null where none was.</summary>
    [JsonIgnore]
    public string? LeftOut => new SkipCounts(Skipped) is { Total: > 0 } counts
        ? $"{Name}: {counts.Total} of {counts.Total + Rows} rows left out: {counts}." : null;
}
