using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Scoring;

/// <summary>From answers to scores: asks the judge, where there is one, and scores every benchmark. No model is needed.</summary>
/// <param name="options">Rules and judge.</param>
/// <param name="seed">Seed of the intervals.</param>
/// <param name="progress">Reports as the judge replies.</param>
/// <param name="cancellation">Ends early; what the judge replied is kept.</param>
public sealed class Scorer(EvaluationOptions options, int seed, IProgress<StageProgress>? progress = null,
    CancellationToken cancellation = default)
{
    /// <summary>The rule set that the settings name.</summary>
    /// <exception cref="InputException">There is no such rule set.</exception>
    public RuleSet Rules { get; } = options.Rules switch
    {
        "2025-11" => RuleSet.November2025,
        "2026-08" => RuleSet.August2026,
        _ => throw new InputException($"evaluate.rules is '{options.Rules}': choose 2025-11 or 2026-08."),
    };

    /// <summary>Scores benchmarks.</summary>
    /// <param name="benchmarks">The answers.</param>
    /// <param name="asked">How they were asked for.</param>
    /// <param name="inputs">The model and the tables.</param>
    /// <param name="judge">The judge; null for none.</param>
    /// <param name="folder">Where scores and outcomes go; null writes nothing.</param>
    /// <param name="batching">What batching changed, where that is known.</param>
    public ScoresFile Score(IReadOnlyList<AnsweredBenchmark> benchmarks, AnswerSettings asked, EvaluationInputs inputs,
        RecordingJudge? judge, string? folder, BatchCheck? batching = null)
    {
        List<string> warnings = [.. benchmarks.SelectMany(b => RightAnswers.Warnings(b.Benchmark, [.. b.Predictions.Select(p => p.Row)]))];
        if (judge is not null)
        {
            try
            {
                benchmarks = Judge(benchmarks, judge);
                if (judge.Outage is { } reason)
                    warnings.Add($"The judge {judge.Model} stopped serving ({reason}): "
                        + $"after {RecordingJudge.MostFailures} failed calls in a row it was not asked again, "
                        + "and what it was not asked counts as not read. Its replies are kept: "
                        + "score the answers again with the same judge, and only what is missing is asked.");
            }
            catch (JudgeUnavailableException e)
            {
                warnings.Add($"The judge {judge.Model} is not available ({e.Message}): "
                    + "answers were matched exactly, and what only a judge can score was not evaluated.");
                judge = null;
            }
        }
        if (benchmarks.All(b => b.Predictions.Count == 0) && benchmarks.SelectMany(b => b.Skipped).ToArray() is { Length: > 0 } reasons)
            throw new InputException($"No answer is left to score: {new SkipCounts(reasons)}.");
        Score[] scores = [.. benchmarks.Select(b => Scores.Of(b.Benchmark, b.Predictions, Rules))];
        BenchmarkResult[] results = [.. benchmarks.Zip(scores, Result)];
        double[] percents = [.. results.Select(r => r.Percent).OfType<double>()];
        var settings = new EvaluationSettings(asked.Protocol, asked.MaxNewTokens, asked.Prompts, options.Rules, judge?.Model ?? "none",
            asked.Limit, asked.MaxPixels, asked.Device, asked.Dtype, asked.Sampling, asked.Overrides,
            asked.Temperature, asked.Checkpoint);
        var file = new ScoresFile(ScoresFile.CurrentFormat, ProgramVersion.CreatedBy, settings, seed, inputs, results,
            percents.Length > 0 ? percents.Average() : null, warnings.Count == 0 ? null : [.. warnings], batching);
        if (folder is not null)
        {
            Outcomes.Save(Path.Combine(folder, Outcomes.Name), benchmarks.Zip(scores, (b, score) => (b.Benchmark.Name, score)));
            file.Save(Path.Combine(folder, ScoresFile.Name));
        }
        return file;
    }

    private AnsweredBenchmark[] Judge(IReadOnlyList<AnsweredBenchmark> benchmarks, RecordingJudge judge)
    {
        if (benchmarks.FirstOrDefault(b => b.Benchmark.Kind == BenchmarkKind.Judged && b.Table is null) is { } blind)
        {
            throw new InputException($"The judge of {blind.Benchmark.Name} grades what it sees: "
                + "name the table that holds the images with --table.");
        }
        int done = 0, total = benchmarks.Sum(b => b.Predictions.Count(p => Judging.Needs(b.Benchmark.Kind, p, Rules)));
        Lock reporting = new();
        void Replied()
        {
            lock (reporting) progress?.Report(new("judge", ++done, total, "questions"));
        }
        AnsweredBenchmark[] judged = [.. benchmarks];
        for (int i = 0; i < judged.Length; i++)
        {
            var b = judged[i];
            // No tensor lives here: the verbs are synchronous, and this is the one place that waits for the network.
            var (predictions, leftOut) = Judging.Apply(b.Benchmark.Kind, b.Table, b.Predictions, Rules, judge, options.JudgeCalls, Replied,
                cancellation).GetAwaiter().GetResult();
            leftOut.Merge(b.Skipped);
            judged[i] = b with { Predictions = predictions, Skipped = leftOut.ToDictionary() };
        }
        return judged;
    }

    private BenchmarkResult Result(AnsweredBenchmark answered, Score score)
    {
        var (benchmark, table) = (answered.Benchmark, answered.Table);
        string? note = benchmark.Md5 is { } md5 && table?.Md5 is { } found && md5 != found
            ? $"{table.Name} is not the published table (MD5 {found}, published {md5}). {score.Note}".TrimEnd()
            : score.Note;
        return new(benchmark.Name, benchmark.HeadlineName, score.Percent, Bootstrap.Headline(score, seed) is { } i
            ? [i.Low, i.High] : null, score.SubScores, score.ExtractionFailureRate,
            answered.TruncatedRate, answered.Predictions.Count, answered.Skipped, note, benchmark.Group, score.JudgeFailures,
            score.PercentIfFailuresWereRight);
    }
}
