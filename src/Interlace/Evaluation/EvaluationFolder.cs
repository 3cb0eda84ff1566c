using Interlace.Vlm.Files;

namespace Interlace.Evaluation;

/// <summary>Where the answers of an evaluation lie in its folder, one file a benchmark.</summary>
internal static class EvaluationFolder
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

    /// <summary>Forgets all answers.</summary>
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
