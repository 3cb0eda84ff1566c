using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Artefacts;

/// <summary>Names of the artefacts in a run folder: each stage leaves one, and nothing else passes between stages.</summary>
public static class RunFolder
{
    /// <summary>Which command with which settings a folder belongs to.</summary>
    public const string Record = "run.json";

    /// <summary>The pruned model.</summary>
    public const string Pruned = "pruned";

    /// <summary>The tuned model.</summary>
    public const string Tuned = "tuned";

    /// <summary>One folder per evaluated model, each with its predictions and scores.</summary>
    public const string Evaluated = "evaluated";

    /// <summary>One folder per round, each a run of its own.</summary>
    public const string Rounds = "rounds";

    /// <summary>One folder per plan of a matrix, each a run of its own.</summary>
    public const string Variants = "variants";

    /// <summary>Names of the evaluated models, the baseline first.</summary>
    public static IReadOnlyList<string> EvaluatedModels { get; } = ["dense", "dropped", "recovered"];

    /// <summary>Seconds of each stage.</summary>
    public const string Timings = "timings.json";

    /// <summary>The run in numbers.</summary>
    public const string Summary = "summary.json";

    /// <summary>The run to look at.</summary>
    public const string Report = "report.html";

    /// <summary>
    /// The folder of the run that an evaluation belongs to: the one that has the record; the evaluation's own where none has.
    /// </summary>
    /// <param name="evaluation">The folder of an evaluation or of a run.</param>
    public static string Of(string evaluation)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(evaluation));
        bool HasRecord(string? folder) => folder is not null && File.Exists(Path.Combine(folder, Record));
        string? holder = Path.GetDirectoryName(full) is { } parent && Path.GetFileName(parent) == Evaluated
            ? Path.GetDirectoryName(parent) : null;
        return !HasRecord(full) && HasRecord(holder) ? holder! : full;
    }

    /// <summary>
    /// The evaluations that a path means: the folder itself where it has the artefact, or those inside the folder of a whole run,
    /// the baseline first.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="artefacts">Of these an evaluation must have one.</param>
    /// <exception cref="InputException">There are none.</exception>
    public static IReadOnlyList<(string Name, string Folder)> EvaluationsIn(string path, params string[] artefacts)
    {
        UserFile.CheckFolder(path, $"There is no folder {path}.");
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), inner = Path.Combine(full, Evaluated);
        bool Has(string folder) => artefacts.Any(artefact => File.Exists(Path.Combine(folder, artefact)));
        if (Has(full)) return [(Path.GetFileName(full), full)];
        string[] found = Directory.Exists(inner)
            ? [.. Directory.EnumerateDirectories(inner).Where(Has)]
            : [];
        if (found.Length == 0)
        {
            throw new InputException($"{path} holds no evaluation: there is no {string.Join(" or ", artefacts)} in it, "
                + $"nor in a folder in {Evaluated}.");
        }
        return [.. InOrder(found.Select(folder => Path.GetFileName(folder))).Select(name => (name, Path.Combine(inner, name)))];
    }

    /// <summary>Names of evaluated models, the baseline first.</summary>
    public static IEnumerable<string> InOrder(IEnumerable<string> models) =>
        models.OrderBy(Place).ThenBy(name => name, StringComparer.Ordinal);

    private static int Place(string name) =>
        EvaluatedModels.Contains(name) ? EvaluatedModels.Index().First(model => model.Item == name).Index : EvaluatedModels.Count;
}
