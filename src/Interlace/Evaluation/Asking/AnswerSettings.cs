using Interlace.Artefacts;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Asking;

/// <summary>What decides an answer besides model and tables.</summary>
/// <param name="Protocol">limited or cot; <see cref="Elsewhere"/> for answers that this program did not make.</param>
/// <param name="MaxNewTokens">Most tokens of an answer; 0 where that is not known.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Limit">At most this many rows of each table.</param>
/// <param name="MaxPixels">Bound on the pixels of an image.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Dtype">Type of the computation.</param>
/// <param name="Sampling">greedy, qwen or checkpoint.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
/// <param name="Temperature">In place of the sampling's own.</param>
/// <param name="Checkpoint">What the checkpoint says, where answers are sampled as it says.</param>
public sealed record AnswerSettings(string Protocol, int MaxNewTokens, string Prompts, int? Limit, int? MaxPixels, string Device,
    string Dtype,
    string Sampling = "greedy", IReadOnlyDictionary<string, BenchmarkOverrides>? Overrides = null,
    [property: LaterOption] double? Temperature = null, [property: LaterOption] CheckpointSampling? Checkpoint = null)
{
    /// <summary>The protocol of answers that this program did not make.</summary>
    public const string Elsewhere = "elsewhere";

    /// <summary>How an experiment asks; what a checkpoint says of it is not known here.</summary>
    public static AnswerSettings Of(Experiment experiment, Compute compute)
    {
        var (options, data) = (experiment.Complete().Evaluate!, experiment.Complete().Data!);
        return new(options.Protocol, AskingSettings.TokenLimit(options), options.Prompts, options.Limit, data.MaxPixels,
            compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName, options.Sampling, options.Overrides,
            options.Temperature);
    }

    /// <summary>Whether the other asks in the same way.</summary>
    public bool IsSameAs(AnswerSettings other) =>
        Hashes.Of(this, ArtefactJson.Escaped<AnswerSettings>()) == Hashes.Of(other, ArtefactJson.Escaped<AnswerSettings>());

    /// <summary>The rows of a benchmark that are asked.</summary>
    public IReadOnlyList<BenchmarkRow> RowsOf(Benchmark benchmark, BenchmarkTable table) =>
        [.. table.Rows.Take(Overrides?.FirstOrDefault(entry =>
            Benchmarks.IsNamed(benchmark, entry.Key)).Value?.Limit ?? Limit ?? int.MaxValue)];
}
