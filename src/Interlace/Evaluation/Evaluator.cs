using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Images;

namespace Interlace.Evaluation;

/// <summary>
/// The stage <c>evaluate</c>: model folder and benchmark tables -> <c>answers.json</c>, <c>predictions/NAME.jsonl</c>, then by <see cref="ScoreStage"/> <c>scores.json</c>. Answers are generated in batches; an
/// interrupted evaluation goes on with the rows that have no answer yet.
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
    /// <param name="cancellation">Ends between two steps of decoding; answers are kept.</param>
    /// <exception cref="InputException">A table or the folder of tables is absent or wrong.</exception>
    public ScoresFile Run(string stage = "evaluate", IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var scoring = new ScoreStage(experiment, progress, cancellation);
        scoring.Check();
        string benchmarks = _options.Benchmarks ?? throw new InputException("No benchmarks are named: give a folder of tables with --benchmarks.");
        var found = Benchmarks.In(benchmarks, _options.Only);
        AskingSettings.Check(_options, found.Select(f => f.Benchmark));
        using var tables = TableSet.Open(found);
        var (answers, skipped) = Answer(benchmarks, tables, stage, progress, cancellation);
        return scoring.Run(folder, answers, tables, (benchmark, _, _) => skipped[benchmark.Name].ToDictionary());
    }

    /// <summary>The answers of a benchmark by index, from an evaluation that has run.</summary>
    public static IReadOnlyDictionary<string, Answer> ReadAnswers(string folder, string benchmark)
    {
        using var file = AnswerFile.Open(PathOf(folder, benchmark));
        return ByIndex(file.Answers);
    }

    private static string PathOf(string folder, string benchmark) => Path.Combine(folder, "predictions", $"{benchmark}.jsonl");

    private static Dictionary<string, Answer> ByIndex(IEnumerable<Answer> answers)
    {
        Dictionary<string, Answer> byIndex = new(StringComparer.Ordinal);
        foreach (var answer in answers) byIndex[answer.Index] = answer;
        return byIndex;
    }

    /// <summary>Asks the model what it has not answered yet: <c>answers.json</c> and <c>predictions/NAME.jsonl</c>. Nothing is scored.</summary>
    private (AnswersFile File, IReadOnlyDictionary<string, SkipCounts> Skipped) Answer(string benchmarks, TableSet tables, string stage, IProgress<StageProgress>? progress, CancellationToken cancellation)
    {
        ModelIdentity identity;
        using (var checkpoint = Checkpoint.Open(loaded.Folder)) identity = ModelIdentity.Of(checkpoint, cancel: cancellation);
        var settings = new AnswerSettings(_options.Protocol, AskingSettings.TokenLimit(_options), _options.Prompts, _options.Limit, _data.MaxPixels, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, _options.Sampling, _options.Overrides);
        var file = new AnswersFile(AnswersFile.CurrentFormat, ProgramVersion.CreatedBy, settings, experiment.Seed, new(identity, tables.Md5, ModelHistory.Of(loaded.Folder)), Path.GetFullPath(benchmarks));
        TakeUp(file);
        var tally = new AnswerTally(stage, tables.Tables.Sum(t => settings.RowsOf(t.Benchmark, t.Table).Count), progress);
        Dictionary<string, SkipCounts> skipped = new(StringComparer.Ordinal);
        foreach (var (benchmark, table) in tables.Tables)
            skipped[benchmark.Name] = Answer(benchmark, table, settings.RowsOf(benchmark, table), tally, cancellation);
        return (file, skipped);
    }

    /// <summary>Answers of other settings, another model or other tables are not taken up.</summary>
    private void TakeUp(AnswersFile file)
    {
        string path = Path.Combine(folder, AnswersFile.Name), predictions = Path.Combine(folder, "predictions");
        if (!IsSameWork(path, file) && Directory.Exists(predictions)) Directory.Delete(predictions, recursive: true);
        file.Save(path);
    }

    private static bool IsSameWork(string path, AnswersFile file)
    {
        try
        {
            return File.Exists(path) && AnswersFile.Load(path).IsSameWorkAs(file);
        }
        catch (InputException)
        {
            return false;
        }
    }

    private SkipCounts Answer(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, AnswerTally tally, CancellationToken cancellation)
    {
        SkipCounts skipped = [];
        using var file = AnswerFile.Open(PathOf(folder, benchmark.Name));
        var known = ByIndex(file.Answers);
        tally.Begin(benchmark.Name, rows.Count, known.Count);
        BenchmarkRow[] open = [.. rows.Where(row => !known.ContainsKey(row.Index))];
        foreach (var (_, answer) in Answers(benchmark, table, open, skipped, cancellation))
        {
            file.Add(answer);
            tally.Answered();
        }
        tally.End();
        if (table.RowsWithoutImage > 0) skipped.Add(SkipReason.MissingImage, table.RowsWithoutImage);
        return skipped;
    }

    private IEnumerable<(BenchmarkRow Row, Answer Answer)> Answers(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, SkipCounts skipped, CancellationToken cancellation)
    {
        var asking = AskingSettings.Of(_options, benchmark);
        // Rows are read and decoded by the workers: a row whose image cannot be had is counted and left out, like any other bad sample. No prompt is too long: the published protocol has no such limit.
        var samples = SampleLoader.Load(rows.Select((_, place) => new Sample(benchmark.Name, table.Name, place, [], [])), sample => Encode(benchmark, table, rows[(int)sample.Row], asking.PromptStyle),
            skipped, new LoaderOptions(int.MaxValue, _data.Workers), 0, cancellation);
        var asked = new List<(BenchmarkRow Row, EncodedSample Prompt)>();
        var prompts = samples.Select(sample =>
        {
            asked.Add((rows[(int)sample.Row], sample.Encoded with { Images = [] }));
            return sample.Encoded;
        });
        var generator = new Generator(loaded.Model, asking.Generation(_options.Slots), loaded.StopIds.ToHashSet());
        foreach (var generated in generator.Run(prompts, seedOf: i => AskingSettings.SeedOf(experiment.Seed, benchmark.Name, asked[i].Row.Index), cancellation: cancellation))
        {
            var (row, prompt) = asked[generated.Index];
            ReadOnlySpan<int> ids = generated.Reason == FinishReason.Stop ? generated.Ids.AsSpan(..^1) : generated.Ids;
            string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(prompt.Ids)));
            yield return (row, new(row.Index, hash, loaded.Processor.Tokenizer.Decode(ids), prompt.Length, prompt.Count(TokenKind.Image), generated.Ids.Length, generated.Reason == FinishReason.Stop ? "stop" : "length"));
        }
    }

    private EncodedSample Encode(Benchmark benchmark, BenchmarkTable table, BenchmarkRow row, PromptStyle style)
    {
        RgbImage[] images = SampleLoader.As(SkipReason.UndecodableImage, () => table.Images(row).Select(bytes => PublishedImages.Decode(benchmark, bytes, table.Name)).ToArray());
        return SampleLoader.As(SkipReason.NotEncodable, () => loaded.Processor.Encode([Prompts.Message(benchmark, row, images.Length, style)], images, addGenerationPrompt: true));
    }
}
