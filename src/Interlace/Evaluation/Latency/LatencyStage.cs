using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;

namespace Interlace.Evaluation.Latency;

/// <summary>
/// The stage <c>latency</c> (paper A.1): every model answers the same questions of the benchmarks, one question at a time,
/// question by question in turns and each time beginning with another model,
/// so that whatever else the machine does hits all of them.
/// </summary>
/// <param name="models">The models; the first is the baseline.</param>
/// <param name="job">The work: the benchmarks, prompts and bounds of images, and the seed of the intervals;
/// it ends between two answers or tokens.</param>
/// <param name="options">How much is measured.</param>
public sealed class LatencyStage(IReadOnlyList<LoadedModel> models, Job job, LatencyOptions options)
{
    private const string Stage = "latency";
    private readonly EvaluationOptions _evaluation = job.Experiment.Evaluate!;
    private readonly bool _readImages = models.All(model => model.Processor.ReadsImages);

    /// <summary>Opens models, measures them and closes them.</summary>
    /// <param name="folders">Their folders; the first is the baseline.</param>
    /// <param name="open">Opens one.</param>
    /// <param name="job">The work.</param>
    /// <param name="options">How much is measured.</param>
    /// <exception cref="InputException">A model cannot be opened, or as of <see cref="Run"/>.</exception>
    public static LatencyFile Measure(IReadOnlyList<string> folders, Func<string, LoadedModel> open, Job job, LatencyOptions options)
    {
        var models = new List<LoadedModel>();
        try
        {
            foreach (string folder in folders) models.Add(open(folder));
            return new LatencyStage(models, job, options).Run();
        }
        finally
        {
            foreach (var model in models) model.Dispose();
        }
    }

    /// <summary>Measures.</summary>
    /// <exception cref="InputException">A table is absent or wrong, no question of it can be used,
    /// or the models read a question differently.</exception>
    public LatencyFile Run()
    {
        var found = Benchmarks.In(_evaluation.Benchmarks ?? throw new InputException("No benchmarks are named: "
            + "give a folder of tables with --benchmarks."), _evaluation.Only);
        AskingSettings.Check(_evaluation, found.Select(f => f.Benchmark));
        LatencyModel[] described = Describe();
        var tables = new List<(Benchmark Benchmark, BenchmarkTable Table)>();
        try
        {
            foreach (var (benchmark, path) in found) tables.Add((benchmark, BenchmarkTable.Open(path)));
            foreach (var (benchmark, table) in tables) UsableRows.Check(benchmark, table, Rows(benchmark, table), _readImages);
            long before = 0, total = tables.Sum(t => Rows(t.Benchmark, t.Table).Length);
            var measured = new List<(Benchmark Benchmark, IReadOnlyList<AnswerTimes>[] Models)>();
            var results = new List<BenchmarkLatency>();
            foreach (var (benchmark, table) in tables)
            {
                var questions = Measure(benchmark, table,
                    part => job.Progress?.Report(new(Stage, before + part.Done, total, "questions", Part: part)));
                before += Rows(benchmark, table).Length;
                measured.Add((benchmark, questions.Times));
                results.Add(Summary(benchmark, questions));
            }
            return new(LatencyFile.CurrentFormat, ProgramVersion.CreatedBy, Settings(), described, [.. results],
                LatencyStatistics.SpeedUps(measured, job.Experiment.Seed));
        }
        finally
        {
            foreach (var (_, table) in tables) table.Dispose();
        }
    }

    private LatencySettings Settings() =>
        new(options.Samples, options.NewTokens, options.WarmUp, job.Experiment.Seed, job.Experiment.Data!.MaxPixels,
            job.Compute.Device.type.ToString().ToLowerInvariant(), job.Compute.TypeName, job.Compute.Threads);

    private BenchmarkLatency Summary(Benchmark benchmark, Questions questions)
    {
        double Middle(Func<EncodedSample, int> count) =>
            LatencyStatistics.Median([.. questions.Prompts.Select(prompt => (double)count(prompt))]);
        return new(benchmark.Name, benchmark.Group, questions.Prompts.Count, Middle(p => p.Count(TokenKind.Image)),
            Middle(p => p.Length - p.Count(TokenKind.Image)), questions.Skipped,
            [.. questions.Times.Select(model => LatencyStatistics.Of(model, job.Experiment.Seed))]);
    }

    private LatencyModel[] Describe()
    {
        var names = new List<string>();
        var described = new List<LatencyModel>();
        foreach (var model in models)
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder)));
            names.Add(name);
            int same = names.Count(n => n == name);
            using var checkpoint = Checkpoint.Open(model.Folder);
            described.Add(new(same == 1 ? name : $"{name} ({same})", model.Model.Layers.Count,
                models[0].Model.Layers.Count / (double)model.Model.Layers.Count, ModelIdentity.Of(checkpoint, cancel: job.Cancellation)));
        }
        return [.. described];
    }

    private Questions Measure(Benchmark benchmark, BenchmarkTable table, Action<StagePart> report)
    {
        var asking = AskingSettings.Of(_evaluation, benchmark);
        BenchmarkRow[] rows = Rows(benchmark, table);
        var questions = new Questions([.. models.Select(_ => new List<AnswerTimes>())], [], 0);
        for (int i = -Math.Min(options.WarmUp, rows.Length); i < rows.Length; i++)
        {
            BenchmarkRow row = rows[i < 0 ? rows.Length + i : i];
            if (Ask(benchmark, table, row, asking.PromptStyle, first: Math.Max(i, 0)) is not { } answers)
            {
                if (i >= 0) questions = questions with { Skipped = questions.Skipped + 1 };
            }
            else if (i >= 0)
            {
                questions.Prompts.Add(answers[0].Prompt with { Images = [] });
                for (int m = 0; m < answers.Length; m++) questions.Times[m].Add(answers[m].Times);
            }
            foreach (var model in models) model.Model.CheckUnchanged();
            report(new(benchmark.Name, Math.Max(i + 1, 0), rows.Length));
        }
        return questions.Prompts.Count > 0
            ? questions
            : throw new InputException($"No question of {table.Name} can be used: {questions.Skipped} were tried.");
    }

    /// <summary>The answers of all models to one question; null where an image or the text cannot be used.</summary>
    private (AnswerTimes Times, EncodedSample Prompt)[]? Ask(Benchmark benchmark, BenchmarkTable table, BenchmarkRow row, PromptStyle style,
        int first)
    {
        var answers = new (AnswerTimes Times, EncodedSample Prompt)[models.Count];
        try
        {
            var images = UsableRows.Images(table, row, _readImages);
            var message = Prompts.Message(benchmark, row, images.Count, style);
            for (int turn = 0; turn < answers.Length; turn++)
            {
                int m = (first + turn) % answers.Length;
                job.Cancellation.ThrowIfCancellationRequested();
                var processor = models[m].Processor;
                VisualInput Prepare(byte[] bytes) =>
                    PublishedImages.Decode(
                        benchmark, bytes, table.Name, processor.PublishedSquare, image => processor.Prepare(image, images.Count));
                answers[m] = StageClock.Measure(models[m].Model,
                    () => processor.EncodePrepared([message], [.. images.Select(Prepare)], addGenerationPrompt: true),
                    options.NewTokens, job.Cancellation);
            }
        }
        catch (InputException e) when (e is not NotANumberException)
        {
            return null;
        }
        for (int m = 1; m < answers.Length; m++)
            if (!answers[m].Prompt.Ids.AsSpan().SequenceEqual(answers[0].Prompt.Ids))
            {
                throw new InputException($"{models[0].Folder} and {models[m].Folder} read row {row.Index} of {table.Name} differently: "
                    + "their times cannot be compared.");
            }
        return answers;
    }

    /// <summary>The questions to ask: so many rows at equal distances.</summary>
    private BenchmarkRow[] Rows(Benchmark benchmark, BenchmarkTable table)
    {
        BenchmarkRow[] rows = [.. table.Rows.Take(AskingSettings.Of(_evaluation, benchmark).Limit ?? int.MaxValue)];
        return rows.Length <= options.Samples
            ? rows
            : [.. Enumerable.Range(0, options.Samples).Select(i => rows[(int)((long)i * rows.Length / options.Samples)])];
    }

    private sealed record Questions(List<AnswerTimes>[] Times, List<EncodedSample> Prompts, int Skipped);
}
