using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interlace.Artefacts;
using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;

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
    private readonly DataOptions _data = job.Experiment.Data!;

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
        foreach (var (benchmark, table) in tables.Tables)
            skipped[benchmark.Name] = Answer(benchmark, table, settings.RowsOf(benchmark, table), tally);
        if (BatchCheck.IsNeeded(settings, _options)) AnswerAlone(tables, settings, stage);
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

    private SkipCounts Answer(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, AnswerTally tally)
    {
        SkipCounts skipped = [];
        string path = EvaluationFolder.Predictions(folder, benchmark.Name);
        using (var file = AnswerFile.Open(path)) Ask(benchmark, table, rows, file, skipped, tally);
        AnswerFile.Sort(path, rows);
        if (table.RowsWithoutImage > 0) skipped.Add(SkipReason.MissingImage, table.RowsWithoutImage);
        if (rows.Count > 0 && EvaluationFolder.ReadAnswers(folder, benchmark.Name).Count == 0) throw UsableRows.Refusal(table, skipped);
        return skipped;
    }

    private void Ask(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, JsonLinesWriter<Answer> file,
        SkipCounts skipped, AnswerTally tally)
    {
        var known = AnswerFile.ByIndex(file.Found, EvaluationFolder.Predictions(folder, benchmark.Name));
        using var times = AnswerSeconds.Open(EvaluationFolder.Times(folder, benchmark.Name), known.Keys);
        tally.Begin(benchmark.Name, rows.Count, known.Count);
        BenchmarkRow[] open = [.. rows.Where(row => !known.ContainsKey(row.Index))];
        foreach (var (answer, seconds) in Answers(benchmark, table, open, skipped,
            AskingSettings.Of(_options, benchmark).Generation(_options.Slots, loaded.Folder)))
        {
            times.Add(seconds);
            file.Add(answer);
            tally.Answered();
        }
        tally.End();
    }

    /// <summary>Asks some of the answered rows once more, one at a time: <c>alone/NAME.jsonl</c>.</summary>
    private void AnswerAlone(TableSet tables, AnswerSettings settings, string stage)
    {
        var answers = tables.Tables.ToDictionary(t => t.Benchmark.Name, t => EvaluationFolder.ReadAnswers(folder, t.Benchmark.Name),
            StringComparer.Ordinal);
        var answered = tables.Tables.SelectMany(t => settings.RowsOf(t.Benchmark, t.Table)
            .Where(row => answers[t.Benchmark.Name].ContainsKey(row.Index)).Select(row => (t.Benchmark.Name, row)));
        var chosen = BatchCheck.Rows(answered, _options.CheckBatching, job.Experiment.Seed)
            .ToLookup(row => row.Benchmark, row => row.Row, StringComparer.Ordinal);
        var tally = new AnswerTally($"{stage} alone", chosen.Sum(rows => rows.Count()), job.Progress);
        foreach (var (benchmark, table) in tables.Tables.Where(t => chosen.Contains(t.Benchmark.Name)))
        {
            string path = EvaluationFolder.Alone(folder, benchmark.Name);
            using var file = AnswerFile.Open(path);
            var known = AnswerFile.ByIndex(file.Found, path);
            BenchmarkRow[] rows = [.. chosen[benchmark.Name]], open = [.. rows.Where(row => !known.ContainsKey(row.Index))];
            tally.Begin(benchmark.Name, rows.Length, rows.Length - open.Length);
            var generation = AskingSettings.Of(_options, benchmark).Generation(slots: 1, loaded.Folder);
            foreach (var (answer, _) in Answers(benchmark, table, open, [],
                generation with { MaxNewTokens = Math.Min(generation.MaxNewTokens, BatchCheck.Tokens) }))
            {
                file.Add(answer);
                tally.Answered();
            }
            tally.End();
        }
    }

    private IEnumerable<(Answer Answer, AnswerSeconds Seconds)> Answers(Benchmark benchmark, BenchmarkTable table,
        IReadOnlyList<BenchmarkRow> rows, SkipCounts skipped, GenerationOptions generation)
    {
        var style = AskingSettings.Of(_options, benchmark).PromptStyle;
        var imageTimes = new TimeSpan[rows.Count];   // each set by the worker that prepares the row, before the row is handed over
        EncodedSample Prepare(int place)
        {
            long begun = Stopwatch.GetTimestamp();
            var encoded = Encode(benchmark, table, rows[place], style);
            imageTimes[place] = Stopwatch.GetElapsedTime(begun);
            return encoded;
        }
        // Rows are read and decoded by the workers: a row whose image cannot be had is counted and left out, like any other bad sample. No
        // prompt is too long: the published protocol has no such limit.
        var samples = SampleLoader.Load(rows.Select((_, place) => new Sample(benchmark.Name, table.Name, place, [], [])),
            sample => Prepare((int)sample.Row),
            skipped, new LoaderOptions(int.MaxValue, _data.Workers), 0, job.Cancellation);
        var asked = new List<(int Place, EncodedSample Prompt)>();
        var prompts = samples.Select(sample =>
        {
            asked.Add(((int)sample.Row, sample.Encoded with { Images = [] }));
            return sample.Encoded;
        });
        var generator = new Generator(loaded.Model, generation, loaded.StopIds.ToHashSet());
        foreach (var generated in generator.Run(prompts,
            seedOf: i => AskingSettings.SeedOf(job.Experiment.Seed, benchmark.Name, rows[asked[i].Place].Index),
            cancellation: job.Cancellation))
        {
            var (place, prompt) = asked[generated.Index];
            ReadOnlySpan<int> ids = generated.Reason == FinishReason.Stop ? generated.Ids.AsSpan(..^1) : generated.Ids;
            string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(prompt.Ids))), index = rows[place].Index;
            yield return (new(index, hash, loaded.Processor.TextOf(ids), prompt.Length, prompt.Count(TokenKind.Image),
                generated.Ids.Length, generated.Reason == FinishReason.Stop ? "stop" : "length"),
                new(index, Seconds(imageTimes[place]), Seconds(generated.Prefill), Seconds(generated.Decoding), generated.Ids.Length));
        }

        static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 6);
    }

    private EncodedSample Encode(Benchmark benchmark, BenchmarkTable table, BenchmarkRow row, PromptStyle style)
    {
        var encoded = SampleLoader.As(SkipReason.UndecodableImage, () => UsableRows.Images(table, row, loaded.Processor.ReadsImages));
        var prepare = SampleLoader.Preparer(loaded.Processor, encoded.Count);
        VisualInput[] images = [.. encoded.Select(image =>
            SampleLoader.Image(image, bytes => PublishedImages.Decode(
                benchmark, bytes, table.Name, loaded.Processor.PublishedSquare, prepare)))];
        return SampleLoader.As(SkipReason.NotEncodable,
            () => loaded.Processor.EncodePrepared([Prompts.Message(benchmark, row, images.Length, style)], images,
            addGenerationPrompt: true));
    }
}
