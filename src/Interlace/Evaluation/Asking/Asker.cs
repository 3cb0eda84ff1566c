using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Asking;

/// <summary>
/// Asks a model what it has not answered yet: <c>answers.json</c>, <c>predictions/NAME.jsonl</c>, <c>times/NAME.jsonl</c>;
/// nothing is scored.
/// Answers are generated in batches; an interrupted evaluation goes on with the rows that have no answer yet.
/// Where a batch may change a text, some rows are asked once more, alone (<see cref="BatchCheck"/>).
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="job">The work; it ends between two steps of decoding, and answers are kept.</param>
/// <param name="folder">Where the artefacts go.</param>
internal sealed class Asker(LoadedModel loaded, Job job, string folder)
{
    private readonly EvaluationOptions _options = job.Experiment.Evaluate!;

    /// <summary>Asks what is left to ask.</summary>
    /// <param name="benchmarks">The folder in which the tables lie.</param>
    /// <param name="tables">The tables.</param>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <returns>The artefact, and the rows left out of each benchmark.</returns>
    /// <exception cref="InputException">No row of a table can be used,
    /// or what is there belongs to another model or to other tables.</exception>
    public (AnswersFile File, IReadOnlyDictionary<string, SkipCounts> Skipped) Run(string benchmarks, TableSet tables, string stage)
    {
        ModelIdentity identity;
        using (var checkpoint = Checkpoint.Open(loaded.Folder)) identity = ModelIdentity.Of(checkpoint, cancel: job.Cancellation);
        var settings = AnswerSettings.Of(job.Experiment, job.Compute) with
        {
            Checkpoint = _options.ReadsCheckpoint ? CheckpointSampling.Read(loaded.Folder) : null,
        };
        var file = new AnswersFile(AnswersFile.CurrentFormat, ProgramVersion.CreatedBy, settings, job.Experiment.Seed,
            new(identity, tables.Md5, ModelHistory.Of(loaded.Folder)), Path.GetFullPath(benchmarks));
        Resume(file);
        var tally = new AnswerTally(stage, tables.Tables.Sum(t => settings.RowsOf(t.Benchmark, t.Table).Count), job.Progress);
        Dictionary<string, SkipCounts> skipped = new(StringComparer.Ordinal);
        var answers = new DealtAnswers(loaded, job, tables);
        foreach (var (i, (benchmark, table)) in tables.Tables.Index())
            skipped[benchmark.Name] = Answer(i, benchmark, table, settings.RowsOf(benchmark, table), tally, answers);
        if (BatchCheck.IsNeeded(settings, _options)) AnswerAlone(tables, settings, stage, answers);
        answers.Complete();
        return (file, skipped);
    }

    /// <summary>Answers of other settings are discarded; those of another model or of other tables are refused.</summary>
    private void Resume(AnswersFile file)
    {
        string path = Path.Combine(folder, AnswersFile.Name);
        var before = File.Exists(path) ? AnswersFile.Load(path) : null;
        if (before?.Inputs.Model is { } then) SameModel.Require(then, file.Inputs.Model!, path);
        if (before is not null && file.ChangeSince(before) is { } change)
        {
            throw new InputException($"The answers in {folder} were made earlier: {change}; "
                + "name another folder, or start over with --force.");
        }
        if (before?.IsSameWorkAs(file) != true) EvaluationFolder.Clear(folder);
        file.Save(path);
    }

    private SkipCounts Answer(int number, Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, AnswerTally tally,
        DealtAnswers answers)
    {
        SkipCounts skipped = [];
        string path = EvaluationFolder.Predictions(folder, benchmark.Name);
        using (var file = AnswerFile.Open(path)) Ask(number, benchmark, rows, file, skipped, tally, answers);
        AnswerFile.Sort(path, rows);
        if (table.RowsWithoutImage > 0) skipped.Add(SkipReason.MissingImage, table.RowsWithoutImage);
        if (rows.Count > 0 && EvaluationFolder.ReadAnswers(folder, benchmark.Name).Count == 0) throw UsableRows.Refusal(table, skipped);
        return skipped;
    }

    private void Ask(int number, Benchmark benchmark, IReadOnlyList<BenchmarkRow> rows, JsonLinesWriter<Answer> file,
        SkipCounts skipped, AnswerTally tally, DealtAnswers answers)
    {
        var known = AnswerFile.ByIndex(file.Found, EvaluationFolder.Predictions(folder, benchmark.Name));
        using var times = AnswerSeconds.Open(EvaluationFolder.Times(folder, benchmark.Name), known.Keys);
        tally.Begin(benchmark.Name, rows.Count, known.Count);
        int[] open = [.. rows.Index().Where(row => !known.ContainsKey(row.Item.Index)).Select(row => row.Index)];
        foreach (var (answer, seconds) in answers.Of(new(number, Alone: false, open), skipped))
        {
            times.Add(seconds);
            file.Add(answer);
            tally.Answered();
        }
        tally.End();
    }

    /// <summary>Asks some of the answered rows once more, one at a time: <c>alone/NAME.jsonl</c>.</summary>
    private void AnswerAlone(TableSet tables, AnswerSettings settings, string stage, DealtAnswers dealt)
    {
        var answers = tables.Tables.ToDictionary(t => t.Benchmark.Name, t => EvaluationFolder.ReadAnswers(folder, t.Benchmark.Name),
            StringComparer.Ordinal);
        var answered = tables.Tables.SelectMany(t => settings.RowsOf(t.Benchmark, t.Table)
            .Where(row => answers[t.Benchmark.Name].ContainsKey(row.Index)).Select(row => (t.Benchmark.Name, row)));
        var chosen = BatchCheck.Rows(answered, _options.CheckBatching, job.Experiment.Seed)
            .ToLookup(row => row.Benchmark, row => row.Row, StringComparer.Ordinal);
        var tally = new AnswerTally($"{stage} alone", chosen.Sum(rows => rows.Count()), job.Progress);
        foreach (var (number, (benchmark, table)) in tables.Tables.Index().Where(t => chosen.Contains(t.Item.Benchmark.Name)))
        {
            string path = EvaluationFolder.Alone(folder, benchmark.Name);
            IReadOnlyList<BenchmarkRow> all = settings.RowsOf(benchmark, table);
            using (var file = AnswerFile.Open(path)) AskAlone(number, all, [.. chosen[benchmark.Name]], file, path);
            AnswerFile.Sort(path, all);
        }

        void AskAlone(int number, IReadOnlyList<BenchmarkRow> all, BenchmarkRow[] rows, JsonLinesWriter<Answer> file, string path)
        {
            var known = AnswerFile.ByIndex(file.Found, path);
            var indices = rows.Select(row => row.Index).ToHashSet(StringComparer.Ordinal);
            int[] open = [.. all.Index().Where(row => indices.Contains(row.Item.Index) && !known.ContainsKey(row.Item.Index))
                .Select(row => row.Index)];
            tally.Begin(Path.GetFileNameWithoutExtension(path), rows.Length, rows.Length - open.Length);
            foreach (var (answer, _) in dealt.Of(new(number, Alone: true, open), []))
            {
                file.Add(answer);
                tally.Answered();
            }
            tally.End();
        }
    }
}
