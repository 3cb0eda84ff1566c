using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Artefacts;

namespace Interlace.Evaluation.Asking;

/// <summary>
/// One line of <c>times/NAME.jsonl</c>: where the time of an answer went, in seconds. Answers are made together, so the model's time is shared out: over all answers
/// <paramref name="Prefill"/> and <paramref name="Decoding"/> add up to the time that the model was at work.
/// </summary>
/// <param name="Index">The row's index in its table.</param>
/// <param name="Image">From the row of the table to tokens and resized pixels, on one of the workers beside the model.</param>
/// <param name="Prefill">Its share, by prompt tokens, of the pass that read its prompt and chose its first token; vision encoder included.</param>
/// <param name="Decoding">Its share of every step that it took part in: the step's time by the answers in flight.</param>
/// <param name="Tokens">Generated tokens.</param>
public sealed record AnswerSeconds(string Index, double Image, double Prefill, double Decoding, int Tokens)
{
    private const string What = "the times of answers";

    /// <summary>Opens the file of a benchmark to add to: one line for each of the rows that are answered, and none for others.</summary>
    /// <param name="path">The file.</param>
    /// <param name="answered">Indices of the rows that have an answer.</param>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static JsonLines<AnswerSeconds> Open(string path, IReadOnlyCollection<string> answered)
    {
        var found = Read(path);
        AnswerSeconds[] kept = [.. found.Where(line => answered.Contains(line.Index)).DistinctBy(line => line.Index)];
        if (kept.Length < found.Count)   // a time is written before its answer, which an interruption then prevented
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(kept.Select(line => JsonSerializer.Serialize(line, AnswerJson.Readable.AnswerSeconds) + "\n"))));
        return JsonLines<AnswerSeconds>.Open(path, AnswerJson.Readable.AnswerSeconds, What);
    }

    /// <summary>The lines of a file, none where it is absent.</summary>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static IReadOnlyList<AnswerSeconds> Read(string path) =>
        JsonLines<AnswerSeconds>.Read(path, AnswerJson.Readable.AnswerSeconds, What);
}

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
    public static JsonObject ToJson(IEnumerable<AnswerRate> rates) => new(rates.Select(rate => KeyValuePair.Create(rate.Benchmark, (JsonNode?)new JsonObject
    {
        ["answers"] = rate.Answers, ["seconds"] = Math.Round(rate.Seconds, 3), ["tokens"] = rate.Tokens,
        ["answers_per_second"] = Math.Round(rate.AnswersPerSecond, 3), ["tokens_per_second"] = Math.Round(rate.TokensPerSecond, 3),
    })));

    /// <summary>The rate of one benchmark from its lines.</summary>
    public static AnswerRate Of(string benchmark, IReadOnlyList<AnswerSeconds> lines) =>
        new(benchmark, lines.Count, lines.Sum(line => line.Prefill + line.Decoding), lines.Sum(line => (long)line.Tokens));
}
