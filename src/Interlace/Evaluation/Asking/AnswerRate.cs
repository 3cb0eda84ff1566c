using System.Text.Json.Nodes;

namespace Interlace.Evaluation.Asking;

/// <summary>How fast a benchmark was answered.</summary>
/// <param name="Benchmark">Its name.</param>
/// <param name="Answers">Answers whose times are known.</param>
/// <param name="Seconds">Time that the model was at work on them, over all runs that it took.</param>
/// <param name="Tokens">Their generated tokens.</param>
public sealed record AnswerRate(string Benchmark, int Answers, double Seconds, long Tokens)
{
    /// <summary>Answers in a second.</summary>
    public double AnswersPerSecond => Seconds > 0 ? Answers / Seconds : 0;

    /// <summary>Generated tokens in a second.</summary>
    public double TokensPerSecond => Seconds > 0 ? Tokens / Seconds : 0;

    /// <summary>The rates as JSON, by benchmark.</summary>
    public static JsonObject ToJson(IEnumerable<AnswerRate> rates) =>
        new(rates.Select(rate => KeyValuePair.Create(rate.Benchmark, (JsonNode?)new JsonObject
    {
        ["answers"] = rate.Answers, ["seconds"] = Math.Round(rate.Seconds, 3), ["tokens"] = rate.Tokens,
        ["answers_per_second"] = Math.Round(rate.AnswersPerSecond, 3), ["tokens_per_second"] = Math.Round(rate.TokensPerSecond, 3),
    })));

    /// <summary>The rate of one benchmark from its lines.</summary>
    public static AnswerRate Of(string benchmark, IReadOnlyList<AnswerSeconds> lines) =>
        new(benchmark, lines.Count, lines.Sum(line => line.Prefill + line.Decoding), lines.Sum(line => (long)line.Tokens));
}
