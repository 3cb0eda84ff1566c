using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Judges;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Scoring;

/// <summary>
/// The stage <c>score</c>: answers -> <c>scores.json</c> and <c>outcomes.jsonl</c>. It can be repeated as often as rules or judge change:
/// answers are only read, a judge's replies are kept.
/// </summary>
/// <param name="experiment">Settings.</param>
/// <param name="progress">Reports as the judge replies.</param>
/// <param name="log">Gets a line that says which judge is asked, before it is.</param>
/// <param name="cancellation">Ends early.</param>
public sealed class ScoreStage(Experiment experiment, IProgress<StageProgress>? progress = null, Action<string>? log = null,
    CancellationToken cancellation = default)
{
    private const string NotAnswered = "not answered";
    private readonly EvaluationOptions _options = experiment.Complete().Evaluate!;

    /// <summary>Scores the folder of an evaluation again.</summary>
    /// <param name="folder">The folder, which has <c>answers.json</c> and predictions.</param>
    /// <exception cref="InputException">There are no answers, the tables are not those that were answered,
    /// or the judge's settings are incomplete.</exception>
    public ScoresFile Run(string folder)
    {
        var answers = AnswersFile.Load(Path.Combine(folder, AnswersFile.Name));
        using var tables = TableSet.Answered(_options.Benchmarks ?? answers.Benchmarks, answers.Inputs.Tables);
        foreach (var (benchmark, table) in tables.Tables)
            RightAnswers.Check(benchmark, answers.Settings.RowsOf(benchmark, table), table.Name);
        string before = Path.Combine(folder, ScoresFile.Name);
        var scored = File.Exists(before) ? ScoresFile.Load(before).Benchmarks : [];
        return Run(folder, answers, tables, (benchmark, table, answered) =>
        {
            // Why a row has no answer is known only to the evaluation that asked; scoring hands on what it said.
            if (Array.Find(scored, b => b.Name == benchmark.Name && b.Rows == answered) is { } same) return same.Skipped;
            long open = answers.Settings.RowsOf(benchmark, table).Count - answered;
            return open > 0 ? new Dictionary<string, long> { [NotAnswered] = open } : [];
        });
    }

    /// <summary>Scores predictions that were made elsewhere.</summary>
    /// <param name="file">A .jsonl, .json, .tsv or .csv file, gzip-compressed where the name ends in .gz
    /// (<see cref="RecordedPredictions"/>).</param>
    /// <param name="benchmark">What they answer.</param>
    /// <param name="tablePath">The table they refer to; null where they carry their questions.</param>
    /// <param name="target">Folder for scores and outcomes; null writes nothing.</param>
    /// <exception cref="InputException">A file is absent or wrong, or the judge's settings are incomplete.</exception>
    public ScoresFile Recorded(string file, Benchmark benchmark, string? tablePath, string? target)
    {
        using var tables = TableSet.Open(tablePath is null ? [] : [new(benchmark, tablePath)]);
        using var judge = RecordingJudge.Open(_options, target is null
            ? $"{file}.{RepliesFile.Name}" : Path.Combine(target, RepliesFile.Name), log: log, cancellation: cancellation);
        var table = tables.Tables.Count > 0 ? tables.Tables[0].Table : null;
        var predictions = RecordedPredictions.Read(file, table);
        if (predictions.Count == 0) throw new InputException($"{file} holds no predictions.");
        RightAnswers.Check(benchmark, [.. predictions.Select(p => p.Row)], table?.Name ?? Path.GetFileName(file));
        long open = table is null ? 0 : table.Rows.Count - predictions.Count;
        var answered = new AnsweredBenchmark(benchmark, table, predictions, null, open > 0 ? new Dictionary<string,
            long> { [NotAnswered] = open } : []);
        var asked = new AnswerSettings(AnswerSettings.Elsewhere, 0, AnswerSettings.Elsewhere, null, null, AnswerSettings.Elsewhere,
            AnswerSettings.Elsewhere);
        return Scorer().Score([answered], asked, new(null, tables.Md5), judge, target);
    }

    /// <summary>Scores the answers in a folder, over tables that are open.</summary>
    internal ScoresFile Run(string folder, AnswersFile answers, TableSet tables, Func<Benchmark, BenchmarkTable, int,
        IReadOnlyDictionary<string, long>> skipped)
    {
        using var judge = RecordingJudge.Open(_options, Path.Combine(folder, RepliesFile.Name), log: log, cancellation: cancellation);
        var answered = tables.Tables.Select(t =>
        {
            var found = EvaluationFolder.ReadAnswers(folder, t.Benchmark.Name);
            Prediction[] predictions =
                [.. answers.Settings.RowsOf(t.Benchmark, t.Table).Where(row => found.ContainsKey(row.Index))
                .Select(row => new Prediction(row, found[row.Index].Prediction))];
            double truncated = predictions.Length == 0
                ? 0
                : predictions.Count(p => found[p.Row.Index].FinishReason == "length") / (double)predictions.Length;
            return new AnsweredBenchmark(t.Benchmark, t.Table, predictions, truncated, skipped(t.Benchmark, t.Table, predictions.Length));
        });
        return Scorer().Score([.. answered], answers.Settings, answers.Inputs, judge, folder,
            BatchCheck.Of(folder, tables.Tables.Select(t => t.Benchmark.Name)));
    }

    /// <summary>Refuses settings that cannot score, before anything is asked of a model.</summary>
    internal void Check()
    {
        _ = Scorer();
        if (_options.Judge == "endpoint") new EndpointJudge(_options).Dispose();
        if (_options is { Judge: "replay", JudgeReplies: { } replies }) RepliesFile.Read(replies).Dispose();
    }

    private Scorer Scorer() => new(_options, experiment.Seed, progress, cancellation);
}
