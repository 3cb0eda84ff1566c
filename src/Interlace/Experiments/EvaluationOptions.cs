namespace Interlace.Experiments;

/// <summary>How models are asked.</summary>
/// <param name="Benchmarks">Folder of benchmark tables.</param>
/// <param name="Only">Names of the benchmarks to run; all that lie in the folder where absent.</param>
/// <param name="Limit">At most this many rows of each.</param>
/// <param name="Protocol">limited: 50 new tokens; cot: 16,384 (paper 4.2, 4.4).</param>
/// <param name="MaxNewTokens">Overrides the protocol's number.</param>
/// <param name="Prompts">dataset or qwen3vl.</param>
/// <param name="Rules">Rule set of multiple-choice extraction: 2025-11 or 2026-08.</param>
/// <param name="Slots">Answers in flight at once.</param>
/// <param name="Sampling">greedy; qwen: temperature 0.7, top-k 20, top-p 0.8, presence penalty 1.5; or checkpoint: as the model's own
/// generation_config.json says. Each row has a seed of its own from the run's seed.</param>
/// <param name="Overrides">What is different for single benchmarks, by their names.</param>
/// <param name="LatencySamples">Questions of each benchmark on which a matrix measures the time to the first token of the dense model and
/// of its <c>interlace</c> plans; 0 for none.</param>
/// <param name="Judge">none; endpoint: a model behind an OpenAI-compatible address; replay: recorded replies.</param>
/// <param name="JudgeEndpoint">The address, such as <c>https://api.openai.com/v1</c>.</param>
/// <param name="JudgeModel">The judge's model.</param>
/// <param name="JudgeKey">Name of the environment variable that holds the key; the key itself stands nowhere.</param>
/// <param name="JudgeReplies">Under replay, the file of replies.</param>
/// <param name="JudgeTimeout">Seconds that one call may take.</param>
/// <param name="JudgeCalls">Calls in flight at once.</param>
/// <param name="CheckBatching">Answers that are asked for once more, one at a time, where a batch may change a text (bf16, CUDA);
/// 0 for none.</param>
/// <param name="Temperature">In place of the temperature of <paramref name="Sampling"/>; 0 for the likeliest token.</param>
/// <param name="Texts">Files of plain texts whose perplexity is taken; <paramref name="Limit"/> holds for their rows too.</param>
/// <param name="Choices">Files of contexts with choices, of which the likeliest is taken for the model's.</param>
/// <param name="TextTokens">Of each text the first so many tokens are taken.</param>
public sealed record EvaluationOptions(
    string? Benchmarks = null, string[]? Only = null, int? Limit = null, string Protocol = "limited", int? MaxNewTokens = null,
        string Prompts = "dataset", string Rules = "2025-11", int Slots = 16,
    string Sampling = "greedy", SortedDictionary<string, BenchmarkOverrides>? Overrides = null, int LatencySamples = 0,
    string Judge = "none", string? JudgeEndpoint = null, string? JudgeModel = null, string JudgeKey = "INTERLACE_JUDGE_KEY",
    string? JudgeReplies = null, double JudgeTimeout = 60, int JudgeCalls = 4,
    int CheckBatching = 64, [property: LaterOption] double? Temperature = null,
    [property: LaterOption] string[]? Texts = null, [property: LaterOption] string[]? Choices = null,
    [property: LaterOption] int TextTokens = 1024)
{
    /// <summary>Likelihoods of texts or choices are taken.</summary>
    internal bool TakesLikelihoods => Texts is { Length: > 0 } || Choices is { Length: > 0 };

    /// <summary>There is anything to evaluate.</summary>
    internal bool Evaluates => Benchmarks is not null || TakesLikelihoods;

    /// <summary>Answers are sampled as the checkpoint's makers want it.</summary>
    internal const string AsCheckpoint = "checkpoint";

    /// <summary>Whether any benchmark is sampled as the checkpoint's makers want it.</summary>
    internal bool ReadsCheckpoint =>
        Sampling == AsCheckpoint || Overrides?.Values.Any(benchmark => benchmark.Sampling == AsCheckpoint) == true;
}
