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
        var answers = new DealtAnswers(loaded, job, tables);
        var skipped = AnswerAll(tables, settings, stage, answers);
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

    /// <summary>Asks every row that has no answer yet.</summary>
    /// <returns>What could not be asked, by benchmark.</returns>
    private Dictionary<string, SkipCounts> AnswerAll(TableSet tables, AnswerSettings settings, string stage, DealtAnswers answers)
    {
        Dictionary<string, SkipCounts> skipped = new(StringComparer.Ordinal);
        var counts = Ask(stage, answers, alone: false, [.. tables.Tables.Select(t =>
        {
            IReadOnlyList<BenchmarkRow> rows = settings.RowsOf(t.Benchmark, t.Table);
            return new AskedTable(t.Benchmark.Name, rows, rows, EvaluationFolder.Predictions(folder, t.Benchmark.Name),
                EvaluationFolder.Times(folder, t.Benchmark.Name));
        })]);
        foreach (var (i, (benchmark, table)) in tables.Tables.Index())
        {
            if (table.RowsWithoutImage > 0) counts[i].Add(SkipReason.MissingImage, table.RowsWithoutImage);
            if (settings.RowsOf(benchmark, table).Count > 0 && EvaluationFolder.ReadAnswers(folder, benchmark.Name).Count == 0)
                throw UsableRows.Refusal(table, counts[i]);
            skipped[benchmark.Name] = counts[i];
        }
        return skipped;
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
        Ask($"{stage} alone", dealt, alone: true, [.. tables.Tables.Select(t =>
            new AskedTable(t.Benchmark.Name, settings.RowsOf(t.Benchmark, t.Table), [.. chosen[t.Benchmark.Name]],
                EvaluationFolder.Alone(folder, t.Benchmark.Name), times: null))]);
    }

    /// <summary>Asks rows of tables and keeps the answers as they end.</summary>
    /// <returns>What could not be asked of each table.</returns>
    private SkipCounts[] Ask(string stage, DealtAnswers answers, bool alone, IReadOnlyList<AskedTable> tables)
    {
        SkipCounts[] skipped = [.. tables.Select(_ => new SkipCounts())];
        try
        {
            foreach (var table in tables) table.Open();
            var tally = new AnswerTally(stage, tables.Select(table => table.Part), job.Progress);
            foreach (var (at, answer, seconds) in answers.Of(new(alone, [.. tables.Select(table => table.Left)]), skipped))
            {
                tables[at].Add(answer, seconds);
                tally.Answered(at);
            }
            tally.End();
        }
        finally
        {
            foreach (var table in tables) table.Dispose();
        }
        foreach (var table in tables) table.Sort();
        return skipped;
    }
}
