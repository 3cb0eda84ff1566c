using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Images;

namespace Interlace.Evaluation;

/// <summary>
/// The stage <c>evaluate</c>: model folder and benchmark tables -> <c>answers.json</c>, <c>predictions/NAME.jsonl</c>, <c>times/NAME.jsonl</c>, then by <see cref="ScoreStage"/> <c>scores.json</c>.
/// Answers are generated in batches; an interrupted evaluation goes on with the rows that have no answer yet. Where a batch may change a text, some rows are asked once more, alone (<see cref="BatchCheck"/>).
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="experiment">Settings.</param>
/// <param name="folder">Where the artefacts go.</param>
public sealed class Evaluator(LoadedModel loaded, Compute compute, Experiment experiment, string folder)
{
    private readonly EvaluationOptions _options = experiment.Complete().Evaluate!;
    private readonly DataOptions _data = experiment.Complete().Data!;

    /// <summary>Runs or resumes the stage: asks, then scores.</summary>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <param name="progress">Told as answers come.</param>
    /// <param name="log">Told before the first question what is wrong with the tables, and which judge is asked.</param>
    /// <param name="cancellation">Ends between two steps of decoding; answers are kept.</param>
    /// <exception cref="InputException">A table or the folder of tables is absent or wrong, or no row of a table can be used.</exception>
    public ScoresFile Run(string stage = "evaluate", IProgress<StageProgress>? progress = null, Action<string>? log = null,
        CancellationToken cancellation = default)
    {
        using var tables = OpenTables(experiment, log);
        return Run(tables, stage, progress, log, cancellation);
    }

    /// <summary>Runs or resumes the stage over tables that <see cref="OpenTables"/> has opened.</summary>
    /// <inheritdoc cref="Run(string, IProgress{StageProgress}, Action{string}, CancellationToken)"/>
    public ScoresFile Run(TableSet tables, string stage = "evaluate", IProgress<StageProgress>? progress = null, Action<string>? log = null,
        CancellationToken cancellation = default)
    {
        var (answers, skipped) = Answer(_options.Benchmarks!, tables, stage, progress, cancellation);
        loaded.Model.CheckUnchanged();
        tables.CheckUnchanged();
        var scoring = new ScoreStage(experiment, progress, log, cancellation);
        return scoring.Run(folder, answers, tables, (benchmark, _, _) => skipped[benchmark.Name].ToDictionary());
    }

    /// <summary>
    /// Opens the tables that an experiment asks, and checks them and how it asks and scores them: nothing is asked or written before.
    /// </summary>
    /// <param name="experiment">Settings.</param>
    /// <param name="log">Told what is wrong with the tables, where that is no reason to refuse them.</param>
    /// <exception cref="InputException">They are absent or wrong, no row of a table can be used, or the settings are wrong.</exception>
    public static TableSet OpenTables(Experiment experiment, Action<string>? log = null)
    {
        var options = experiment.Complete().Evaluate!;
        new ScoreStage(experiment).Check();
        string benchmarks = options.Benchmarks ?? throw new InputException("No benchmarks are named: give a folder of tables with --benchmarks.");
        var found = Benchmarks.In(benchmarks, options.Only);
        AskingSettings.Check(options, found.Select(f => f.Benchmark));
        var tables = TableSet.Open(found);
        try
        {
            foreach (var (benchmark, table) in tables.Tables)
            {
                var rows = AskingSettings.Of(options, benchmark).RowsOf(table);
                UsableRows.Check(benchmark, table, rows);
                foreach (string warning in RightAnswers.Warnings(benchmark, rows)) log?.Invoke(warning);
            }
            return tables;
        }
        catch
        {
            tables.Dispose();
            throw;
        }
    }

    /// <summary>The answers of a benchmark by index, from an evaluation that has run.</summary>
    public static IReadOnlyDictionary<string, Answer> ReadAnswers(string folder, string benchmark) => AnswerFile.Read(EvaluationFolder.Predictions(folder, benchmark));

    /// <summary>How fast benchmarks were answered in an evaluation that has run; those without times are left out.</summary>
    public static IReadOnlyList<AnswerRate> ReadRates(string folder, IEnumerable<string> benchmarks) =>
        [.. benchmarks.Select(name => AnswerRate.Of(name, AnswerSeconds.Read(EvaluationFolder.Times(folder, name)))).Where(rate => rate.Answers > 0)];

    /// <summary>Asks the model what it has not answered yet: <c>answers.json</c> and <c>predictions/NAME.jsonl</c>. Nothing is scored.</summary>
    private (AnswersFile File, IReadOnlyDictionary<string, SkipCounts> Skipped) Answer(string benchmarks, TableSet tables, string stage, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        ModelIdentity identity;
        using (var checkpoint = Checkpoint.Open(loaded.Folder)) identity = ModelIdentity.Of(checkpoint, cancel: cancellation);
        var settings = Settings(experiment, compute);
        var file = new AnswersFile(AnswersFile.CurrentFormat, ProgramVersion.CreatedBy, settings, experiment.Seed, new(identity, tables.Md5, ModelHistory.Of(loaded.Folder)), Path.GetFullPath(benchmarks));
        TakeUp(file);
        var tally = new AnswerTally(stage, tables.Tables.Sum(t => settings.RowsOf(t.Benchmark, t.Table).Count), progress);
        Dictionary<string, SkipCounts> skipped = new(StringComparer.Ordinal);
        foreach (var (benchmark, table) in tables.Tables)
            skipped[benchmark.Name] = Answer(benchmark, table, settings.RowsOf(benchmark, table), tally, cancellation);
        if (BatchCheck.IsNeeded(settings, _options)) AnswerAlone(tables, settings, stage, progress, cancellation);
        return (file, skipped);
    }

    /// <summary>What decides an answer besides model and tables.</summary>
    internal static AnswerSettings Settings(Experiment experiment, Compute compute)
    {
        var (options, data) = (experiment.Complete().Evaluate!, experiment.Complete().Data!);
        return new(options.Protocol, AskingSettings.TokenLimit(options), options.Prompts, options.Limit, data.MaxPixels,
            compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, options.Sampling, options.Overrides);
    }

    /// <summary>Answers of other settings are not taken up; those of another model or of other tables are refused.</summary>
    private void TakeUp(AnswersFile file)
    {
        string path = Path.Combine(folder, AnswersFile.Name);
        var before = File.Exists(path) ? AnswersFile.Load(path) : null;
        if (before?.Inputs.Model is { } then) SameModel.Require(then, file.Inputs.Model!, path);
        if (before is not null && file.ChangeSince(before) is { } change)
            throw new InputException($"The answers in {folder} were made earlier: {change}; name another folder, or start over with --force.");
        if (before?.IsSameWorkAs(file) != true) EvaluationFolder.Clear(folder);
        file.Save(path);
    }

    private SkipCounts Answer(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, AnswerTally tally,
        CancellationToken cancellation)
    {
        SkipCounts skipped = [];
        string path = EvaluationFolder.Predictions(folder, benchmark.Name);
        using (var file = AnswerFile.Open(path)) Ask(benchmark, table, rows, file, skipped, tally, cancellation);
        AnswerFile.Sort(path, rows);
        if (table.RowsWithoutImage > 0) skipped.Add(SkipReason.MissingImage, table.RowsWithoutImage);
        if (rows.Count > 0 && ReadAnswers(folder, benchmark.Name).Count == 0) throw UsableRows.Refusal(table, skipped);
        return skipped;
    }

    private void Ask(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, JsonLines<Answer> file,
        SkipCounts skipped, AnswerTally tally, CancellationToken cancellation)
    {
        var known = AnswerFile.ByIndex(file.Found, EvaluationFolder.Predictions(folder, benchmark.Name));
        using var times = AnswerSeconds.Open(EvaluationFolder.Times(folder, benchmark.Name), known.Keys);
        tally.Begin(benchmark.Name, rows.Count, known.Count);
        BenchmarkRow[] open = [.. rows.Where(row => !known.ContainsKey(row.Index))];
        foreach (var (answer, seconds) in Answers(benchmark, table, open, skipped, AskingSettings.Of(_options, benchmark).Generation(_options.Slots), cancellation))
        {
            times.Add(seconds);
            file.Add(answer);
            tally.Answered();
        }
        tally.End();
    }

    /// <summary>Asks some of the answered rows once more, one at a time: <c>alone/NAME.jsonl</c>.</summary>
    private void AnswerAlone(TableSet tables, AnswerSettings settings, string stage, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        var answers = tables.Tables.ToDictionary(t => t.Benchmark.Name, t => ReadAnswers(folder, t.Benchmark.Name), StringComparer.Ordinal);
        var answered = tables.Tables.SelectMany(t => settings.RowsOf(t.Benchmark, t.Table).Where(row => answers[t.Benchmark.Name].ContainsKey(row.Index)).Select(row => (t.Benchmark.Name, row)));
        var chosen = BatchCheck.Rows(answered, _options.CheckBatching, experiment.Seed).ToLookup(row => row.Benchmark, row => row.Row, StringComparer.Ordinal);
        var tally = new AnswerTally($"{stage} alone", chosen.Sum(rows => rows.Count()), progress);
        foreach (var (benchmark, table) in tables.Tables.Where(t => chosen.Contains(t.Benchmark.Name)))
        {
            string path = EvaluationFolder.Alone(folder, benchmark.Name);
            using var file = AnswerFile.Open(path);
            var known = AnswerFile.ByIndex(file.Found, path);
            BenchmarkRow[] rows = [.. chosen[benchmark.Name]], open = [.. rows.Where(row => !known.ContainsKey(row.Index))];
            tally.Begin(benchmark.Name, rows.Length, rows.Length - open.Length);
            var generation = AskingSettings.Of(_options, benchmark).Generation(slots: 1);
            foreach (var (answer, _) in Answers(benchmark, table, open, [], generation with { MaxNewTokens = Math.Min(generation.MaxNewTokens, BatchCheck.Tokens) }, cancellation))
            {
                file.Add(answer);
                tally.Answered();
            }
            tally.End();
        }
    }

    private IEnumerable<(Answer Answer, AnswerSeconds Seconds)> Answers(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, SkipCounts skipped, GenerationOptions generation, CancellationToken cancellation)
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
        // Rows are read and decoded by the workers: a row whose image cannot be had is counted and left out, like any other bad sample. No prompt is too long: the published protocol has no such limit.
        var samples = SampleLoader.Load(rows.Select((_, place) => new Sample(benchmark.Name, table.Name, place, [], [])), sample => Prepare((int)sample.Row),
            skipped, new LoaderOptions(int.MaxValue, _data.Workers), 0, cancellation);
        var asked = new List<(int Place, EncodedSample Prompt)>();
        var prompts = samples.Select(sample =>
        {
            asked.Add(((int)sample.Row, sample.Encoded with { Images = [] }));
            return sample.Encoded;
        });
        var generator = new Generator(loaded.Model, generation, loaded.StopIds.ToHashSet());
        foreach (var generated in generator.Run(prompts, seedOf: i => AskingSettings.SeedOf(experiment.Seed, benchmark.Name, rows[asked[i].Place].Index), cancellation: cancellation))
        {
            var (place, prompt) = asked[generated.Index];
            ReadOnlySpan<int> ids = generated.Reason == FinishReason.Stop ? generated.Ids.AsSpan(..^1) : generated.Ids;
            string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(prompt.Ids))), index = rows[place].Index;
            yield return (new(index, hash, loaded.Processor.Tokenizer.Decode(ids), prompt.Length, prompt.Count(TokenKind.Image), generated.Ids.Length, generated.Reason == FinishReason.Stop ? "stop" : "length"),
                new(index, Seconds(imageTimes[place]), Seconds(generated.Prefill), Seconds(generated.Decoding), generated.Ids.Length));
        }

        static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 6);
    }

    private EncodedSample Encode(Benchmark benchmark, BenchmarkTable table, BenchmarkRow row, PromptStyle style)
    {
        var encoded = SampleLoader.As(SkipReason.UndecodableImage, () => table.Images(row));
        RgbImage[] images = [.. encoded.Select(image =>
            SampleLoader.Image(image, bytes => PublishedImages.Decode(benchmark, bytes, table.Name,
            SampleLoader.Resizer(loaded.Processor))))];
        return SampleLoader.As(SkipReason.NotEncodable,
            () => loaded.Processor.EncodeResized([Prompts.Message(benchmark, row, images.Length, style)], images,
            addGenerationPrompt: true));
    }
}
