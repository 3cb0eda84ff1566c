using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Latency;

/// <summary>The artefact <c>latency.json</c>: how long models take to answer the same questions in turns,
/// and how much faster than the first one the others are (paper A.1, Table 4).</summary>
/// <param name="Models">The models; the first is the one the others are compared with.</param>
/// <param name="Benchmarks">What was measured, in milliseconds.</param>
/// <param name="SpeedUps">Of each model over the first: a row for each benchmark, for each group, and for all.</param>
public sealed record LatencyFile(string Format, string CreatedBy, LatencySettings Settings, LatencyModel[] Models,
    BenchmarkLatency[] Benchmarks, SpeedUpRow[] SpeedUps) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "latency.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-latency/1";

    /// <summary>The artefact as text.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<LatencyFile>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<LatencyFile>());

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static LatencyFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<LatencyFile>(), CurrentFormat, "measure with interlace latency first",
            "holds no valid latencies", found =>
        {
            int models = found.Models.Length;
            Counts.Check(models, "models", least: 1);
            foreach (var model in found.Models)
            {
                Counts.Check(model.Layers, "layers of a model", least: 1, most: Counts.MostLayers);
                Counts.CheckNumbers([model.IdealDecoderSpeedUp], "ideal speed-ups", least: 0);
            }
            if (found.Benchmarks.Length == 0) throw new JsonException("it has no benchmark");
            foreach (var benchmark in found.Benchmarks)
            {
                Counts.Check(benchmark.Samples, "questions", least: 1);
                Counts.Check(benchmark.Skipped, "skipped questions");
                Counts.CheckNumbers([benchmark.VisualTokens, benchmark.TextTokens], "numbers of tokens", least: 0);
                if (benchmark.Models.Length != models)
                    throw new JsonException($"{benchmark.Name} has {benchmark.Models.Length} models of {models}");
                foreach (var (stages, all) in benchmark.Models.Select(model =>
                    (new[] { model.Image, model.Vision, model.Prefill, model.FirstToken, model.TimeToFirstToken, model.PerToken },
                    model.Measured)))
                {
                    foreach (var stage in stages) Check(stage);
                    foreach (double[] times in new[] { all.Image, all.Vision, all.Prefill, all.FirstToken, all.PerToken })
                    {
                        Counts.CheckNumbers(times, "times", least: 0);
                        if (times.Length != benchmark.Samples)
                            throw new JsonException($"{benchmark.Name} has {times.Length} times of {benchmark.Samples} questions");
                    }
                }
            }
            if (models > 1 && found.SpeedUps.Length == 0) throw new JsonException("it has no speed-ups");
            foreach (var row in found.SpeedUps)
            {
                if (row.Models.Length != models - 1)
                    throw new JsonException($"a row of its speed-ups has {row.Models.Length} models of {models - 1}");
                foreach (var speedUp in row.Models)
                    foreach (var ratio in new[] { speedUp.TimeToFirstToken, speedUp.Prefill, speedUp.PerToken }) Check(ratio);
            }
        });

    private static void Check(Estimate estimate)
    {
        if (estimate.Interval.Length != 2) throw new JsonException("an interval has not two ends");
        Counts.CheckNumbers([estimate.Median, .. estimate.Interval], "medians and intervals", least: 0);
    }
}

/// <summary>How it was measured.</summary>
/// <param name="Samples">Questions of each benchmark, spread evenly over its table.</param>
/// <param name="NewTokens">Tokens generated after the first one.</param>
/// <param name="WarmUp">Questions of each benchmark that were asked before and not counted.</param>
/// <param name="Threads">Threads of the engine on the CPU.</param>
public sealed record LatencySettings(int Samples, int NewTokens, int WarmUp, int Seed, int? MaxPixels, string Device, string Dtype,
    int Threads);

/// <summary>A model that was measured.</summary>
/// <param name="Name">Its folder's name.</param>
/// <param name="Layers">Its decoder layers.</param>
/// <param name="IdealDecoderSpeedUp">L / (L - K): layers of the first model over its own,
/// the most that dropping layers can give the decoder.</param>
public sealed record LatencyModel(string Name, int Layers, double IdealDecoderSpeedUp, ModelIdentity Identity);

/// <summary>The measurements of one benchmark.</summary>
/// <param name="Samples">Questions measured.</param>
/// <param name="VisualTokens">Median number of visual tokens of a question.</param>
/// <param name="TextTokens">Median number of its other tokens.</param>
/// <param name="Skipped">Questions left out because an image or the text could not be used.</param>
/// <param name="Models">In the order of the models.</param>
public sealed record BenchmarkLatency(string Name, string? Group, int Samples, double VisualTokens, double TextTokens, int Skipped,
    ModelLatency[] Models);

/// <summary>The stages of one model on one benchmark: medians with intervals,
/// and every measurement in the order of the questions.</summary>
public sealed record ModelLatency(Estimate Image, Estimate Vision, Estimate Prefill, Estimate FirstToken, Estimate TimeToFirstToken,
    Estimate PerToken, StageMeasurements Measured);

/// <summary>Every measurement, in milliseconds.</summary>
public sealed record StageMeasurements(double[] Image, double[] Vision, double[] Prefill, double[] FirstToken, double[] PerToken);

/// <summary>A median and its 95 % interval, low and high.</summary>
public sealed record Estimate(double Median, double[] Interval);

/// <summary>One row of the paper's Table 4.</summary>
/// <param name="Group">The group, or null.</param>
/// <param name="Benchmark">The benchmark; null where the row is the mean of a group, or with no group the mean of all.</param>
/// <param name="Models">In the order of the models without the first.</param>
public sealed record SpeedUpRow(string? Group, string? Benchmark, SpeedUp[] Models);

/// <summary>How many times faster than the first model: medians over the questions
/// of the first model's time / the model's time on the same question.</summary>
/// <param name="TimeToFirstToken">All stages.</param>
/// <param name="Prefill">The decoder over the prompt, to be held against the ideal.</param>
/// <param name="PerToken">Each further token.</param>
public sealed record SpeedUp(Estimate TimeToFirstToken, Estimate Prefill, Estimate PerToken);
