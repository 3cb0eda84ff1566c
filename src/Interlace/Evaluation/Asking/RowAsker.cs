using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;

namespace Interlace.Evaluation.Asking;

/// <summary>Asks a model rows of tables.</summary>
/// <param name="loaded">The model.</param>
/// <param name="job">The work; it ends between two steps of decoding.</param>
internal sealed class RowAsker(LoadedModel loaded, Job job)
{
    private readonly EvaluationOptions _options = job.Experiment.Evaluate!;
    private readonly DataOptions _data = job.Experiment.Data!;

    /// <summary>Answers as they end.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="table">Its table.</param>
    /// <param name="rows">The rows that are asked at all.</param>
    /// <param name="places">Which of them to ask, by their places among those, in order; taken as they are needed.</param>
    /// <param name="skipped">Where rows are counted that cannot be asked.</param>
    /// <param name="generation">How answers are generated.</param>
    public IEnumerable<(int Place, Answer Answer, AnswerSeconds Seconds)> Answers(Benchmark benchmark, BenchmarkTable table,
        IReadOnlyList<BenchmarkRow> rows, IEnumerable<int> places, SkipCounts skipped, GenerationOptions generation)
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
        var samples = SampleLoader.Load(places.Select(place => new Sample(benchmark.Name, table.Name, place, [], [])),
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
            yield return (place, new(index, hash, loaded.Processor.TextOf(ids), prompt.Length, prompt.Count(TokenKind.Image),
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
