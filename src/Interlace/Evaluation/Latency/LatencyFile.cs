using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Vlm;

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
