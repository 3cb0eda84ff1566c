using Interlace.Vlm.Files;

namespace Interlace.Evaluation.Asking;

/// <summary>Where the answers of an evaluation lie in its folder, one file a benchmark.</summary>
public static class EvaluationFolder
{
    internal const string PredictionsName = "predictions";
    internal const string TimesName = "times";
    internal const string AloneName = "alone";

    /// <summary>The answers: the same bytes for the same inputs, settings and seed.</summary>
    public static string Predictions(string folder, string benchmark) => PathOf(folder, PredictionsName, benchmark);

    /// <summary>Where the time of each answer went.</summary>
    public static string Times(string folder, string benchmark) => PathOf(folder, TimesName, benchmark);

    /// <summary>Some of the answers once more, asked for one at a time.</summary>
    public static string Alone(string folder, string benchmark) => PathOf(folder, AloneName, benchmark);

    /// <summary>The answers of a benchmark by index, from an evaluation that has run.</summary>
    public static IReadOnlyDictionary<string, Answer> ReadAnswers(string folder, string benchmark) =>
        AnswerFile.Read(EvaluationFolder.Predictions(folder, benchmark));

    /// <summary>How fast benchmarks were answered in an evaluation that has run; those without times are left out.</summary>
    public static IReadOnlyList<AnswerRate> ReadRates(string folder, IEnumerable<string> benchmarks) =>
        [.. benchmarks.Select(name => AnswerRate.Of(name, AnswerSeconds.Read(EvaluationFolder.Times(folder, name))))
            .Where(rate => rate.Answers > 0)];

    /// <summary>Discards all answers.</summary>
    public static void Clear(string folder)
    {
        foreach (string name in (string[])[PredictionsName, TimesName, AloneName])
            if (Path.Combine(folder, name) is var path && Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    // The name may come from an artefact that somebody else wrote.
    private static string PathOf(string folder, string part, string benchmark)
    {
        PlainName.Check(benchmark, "The name of a benchmark");
        return Path.Combine(folder, part, $"{benchmark}.jsonl");
    }
}
