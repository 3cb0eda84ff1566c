using Interlace.Evaluation.Asking;
using Interlace.Experiments;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Scoring;

/// <summary>What decides the answers and their scores besides model and tables.</summary>
/// <param name="Protocol">limited or cot; <see cref="AnswerSettings.Elsewhere"/> for answers that this program did not make.</param>
/// <param name="MaxNewTokens">Most tokens of an answer; 0 where that is not known.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Rules">Rule set of multiple-choice extraction.</param>
/// <param name="Judge">The judge's kind and model, or none.</param>
/// <param name="Limit">At most this many rows of each table.</param>
/// <param name="MaxPixels">Bound on the pixels of an image.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Dtype">Type of the computation.</param>
/// <param name="Sampling">greedy, qwen or checkpoint.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
/// <param name="Temperature">In place of the sampling's own.</param>
/// <param name="Checkpoint">What the checkpoint says, where answers are sampled as it says.</param>
public sealed record EvaluationSettings(string Protocol, int MaxNewTokens, string Prompts, string Rules, string Judge, int? Limit,
    int? MaxPixels, string Device, string Dtype,
    string Sampling = "greedy", IReadOnlyDictionary<string, BenchmarkOverrides>? Overrides = null,
    [property: LaterOption] double? Temperature = null, [property: LaterOption] CheckpointSampling? Checkpoint = null)
{
    /// <summary>How answers were sampled, in words.</summary>
    public string HowSampled()
    {
        string own = Checkpoint is { } c
            ? $"{Sampling} (temperature {c.Temperature}, top-k {c.TopK}, top-p {c.TopP}, repetition penalty {c.RepetitionPenalty})"
            : Sampling;
        return Temperature is { } temperature ? $"{own} at temperature {temperature}" : own;
    }
}
