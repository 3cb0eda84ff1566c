using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interlace.Data;
using Interlace.Evaluation.Scoring;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation;

/// <summary>
/// The stage <c>evaluate</c>: model folder and benchmark tables -> <c>predictions/NAME.jsonl</c> and <c>scores.json</c>. Answers are generated in batches; an
/// interrupted evaluation goes on with the rows that have no answer yet.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="compute">Where and in which type it computes.</param>
/// <param name="experiment">Settings.</param>
/// <param name="folder">Where the artefacts go.</param>
public sealed class Evaluator(LoadedModel loaded, Compute compute, Experiment experiment, string folder)
{
    private const string KeyName = "evaluation.key";
    private readonly EvaluationOptions _options = experiment.Complete().Evaluate!;
    private readonly DataOptions _data = experiment.Complete().Data!;

    /// <summary>Runs or resumes the stage.</summary>
    /// <param name="stage">Name of the stage in the progress.</param>
    /// <param name="progress">Told as answers come.</param>
    /// <param name="cancellation">Ends between two steps of decoding; answers are kept.</param>
    /// <exception cref="InputException">A table or the folder of tables is absent or wrong.</exception>
    public ScoresFile Run(string stage = "evaluate", IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        var found = Benchmarks.In(_options.Benchmarks ?? throw new InputException("No benchmarks are named: give a folder of tables with --benchmarks."), _options.Only);
        AskingSettings.Check(_options, found.Select(f => f.Benchmark));
        var settings = new EvaluationSettings(_options.Protocol, AskingSettings.TokenLimit(_options), _options.Prompts, _options.Rules, "none", _options.Limit, _data.MaxPixels, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, _options.Sampling, _options.Overrides);
        ModelIdentity identity;
        using (var checkpoint = Checkpoint.Open(loaded.Folder)) identity = ModelIdentity.Of(checkpoint, cancel: cancellation);
        var tables = new List<(Benchmark Benchmark, BenchmarkTable Table)>();
        try
        {
            foreach (var (benchmark, path) in found) tables.Add((benchmark, BenchmarkTable.Open(path, hash: true)));
            var empty = new ScoresFile(ScoresFile.CurrentFormat, ProgramVersion.CreatedBy, settings, experiment.Seed, new(identity, tables.ToDictionary(t => t.Table.Name, t => t.Table.Md5!)), [], null);
            TakeUp(Hashes.Of(empty, ArtefactJson.Default.ScoresFile));
            var tally = new AnswerTally(stage, tables.Sum(t => Rows(t.Benchmark, t.Table).Count), progress);
            BenchmarkResult[] results = [.. tables.Select(t => Evaluate(t.Benchmark, t.Table, tally, cancellation))];
            double[] scores = [.. results.Where(r => r.Percent is not null).Select(r => r.Percent!.Value)];
            var file = empty with { Benchmarks = results, Average = scores.Length > 0 ? scores.Average() : null };
            file.Save(Path.Combine(folder, ScoresFile.Name));
            return file;
        }
        finally
        {
            foreach (var (_, table) in tables) table.Dispose();
        }
    }

    /// <summary>The answers of a benchmark by index, from an evaluation that has run.</summary>
    public static IReadOnlyDictionary<string, Answer> ReadAnswers(string folder, string benchmark)
    {
        using var file = AnswerFile.Open(PathOf(folder, benchmark));
        return file.Answers.ToDictionary(a => a.Index, StringComparer.Ordinal);
    }

    private static string PathOf(string folder, string benchmark) => Path.Combine(folder, "predictions", $"{benchmark}.jsonl");

    private IReadOnlyList<BenchmarkRow> Rows(Benchmark benchmark, BenchmarkTable table) => [.. table.Rows.Take(AskingSettings.Of(_options, benchmark).Limit ?? int.MaxValue)];

    /// <summary>Answers of other settings, another model or other tables are not taken up.</summary>
    private void TakeUp(string key)
    {
        string path = Path.Combine(folder, KeyName), predictions = Path.Combine(folder, "predictions");
        if (File.Exists(path) && File.ReadAllText(path) == key) return;
        if (Directory.Exists(predictions)) Directory.Delete(predictions, recursive: true);
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(key));
    }

    private BenchmarkResult Evaluate(Benchmark benchmark, BenchmarkTable table, AnswerTally tally, CancellationToken cancellation)
    {
        var rows = Rows(benchmark, table);
        var answers = new Dictionary<string, Answer>(StringComparer.Ordinal);
        SkipCounts skipped = [];
        using (var file = AnswerFile.Open(PathOf(folder, benchmark.Name)))
        {
            foreach (var answer in file.Answers) answers[answer.Index] = answer;
            tally.Begin(benchmark.Name, rows.Count, answers.Count);
            BenchmarkRow[] open = [.. rows.Where(row => !answers.ContainsKey(row.Index))];
            foreach (var (row, answer) in Answers(benchmark, table, open, skipped, cancellation))
            {
                file.Add(answer);
                answers[row.Index] = answer;
                tally.Answered();
            }
            tally.End();
        }
        var rules = _options.Rules switch
        {
            "2025-11" => RuleSet.November2025,
            "2026-08" => RuleSet.August2026,
            _ => throw new InputException($"evaluate.rules is '{_options.Rules}': choose 2025-11 or 2026-08."),
        };
        Prediction[] predictions = [.. rows.Where(row => answers.ContainsKey(row.Index)).Select(row => new Prediction(row, answers[row.Index].Prediction))];
        var score = Scores.Of(benchmark, predictions, rules);
        if (table.RowsWithoutImage > 0) skipped.Add("missing image", table.RowsWithoutImage);
        double truncated = predictions.Length == 0 ? 0 : predictions.Count(p => answers[p.Row.Index].FinishReason == "length") / (double)predictions.Length;
        string? note = benchmark.Md5 is { } md5 && md5 != table.Md5 ? $"{table.Name} is not the published table (MD5 {table.Md5}, published {md5}). {score.Note}".TrimEnd() : score.Note;
        return new(benchmark.Name, benchmark.HeadlineName, score.Percent, Bootstrap.Headline(score, experiment.Seed) is { } i ? [i.Low, i.High] : null, score.SubScores, score.ExtractionFailureRate, truncated, predictions.Length, skipped.ToDictionary(), note);
    }

    private IEnumerable<(BenchmarkRow Row, Answer Answer)> Answers(Benchmark benchmark, BenchmarkTable table, IReadOnlyList<BenchmarkRow> rows, SkipCounts skipped, CancellationToken cancellation)
    {
        var asking = AskingSettings.Of(_options, benchmark);
        var samples = SampleLoader.Load(rows.Select((row, i) => ToSample(benchmark, table, row, i, asking.PromptStyle)), SampleLoader.Encoder(bytes => PublishedImages.Decode(benchmark, bytes, table.Name),
            (sample, images) => loaded.Processor.Encode(sample.Messages, images, addGenerationPrompt: true)), skipped, new LoaderOptions(_data.MaxTokens, _data.Workers), 0, cancellation);
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

    private static Sample ToSample(Benchmark benchmark, BenchmarkTable table, BenchmarkRow row, int place, PromptStyle style)
    {
        var images = table.Images(row);
        return new(benchmark.Name, table.Name, place, [Prompts.Message(benchmark, row, images.Count, style)], images);
    }
}
