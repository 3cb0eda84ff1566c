using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;

namespace Interlace.Cli;

/// <summary><c>compare RUN RUN...</c>: what runs keep of a baseline.</summary>
internal static class CompareCommand
{
    private static readonly Argument<string[]> Runs =
        new("RUN") { Description = "Folders of evaluations, the baseline first; "
            + "the folder of a whole run stands for all of its evaluations.", Arity = ArgumentArity.OneOrMore };

    public static Verb Create() =>
        new("compare", "Compare evaluations with a baseline: retention by benchmark, group and overall, with paired intervals.",
        ["interlace compare run", "interlace compare base small --json",
        "interlace compare run/evaluated/dense run-15/evaluated/recovered run-25/evaluated/recovered"], Run) { Runs };

    private static int Run(Invocation invocation)
    {
        (string Path, string Name, string Folder)[] folders =
            [.. invocation.Get(Runs).SelectMany(path => RunFolder.EvaluationsIn(path, ScoresFile.Name)
            .Select(run => (path, run.Name, run.Folder)))];
        var runs = folders.Select(run => ScoredRun.Load(folders.Count(other => other.Name == run.Name) == 1
            ? run.Name : NameWithParents(run.Folder, folders), run.Folder));
        var comparison = RunComparison.Of([.. runs], invocation.Experiment().Seed, invocation.Force);
        invocation.Print(comparison.ToJson, new ComparisonView(comparison).Draw);
        return ExitCode.Done;
    }

    /// <summary>The shortest end of a path that no other run has.</summary>
    private static string NameWithParents(string folder, (string Path, string Name, string Folder)[] others)
    {
        string[] parts = folder.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        for (int length = 2; length < parts.Length; length++)
        {
            string name = string.Join('/', parts[^length..]);
            if (others.Count(other => other.Folder.Replace(Path.DirectorySeparatorChar, '/')
                .EndsWith("/" + name, StringComparison.Ordinal)) == 1)
                return name;
        }
        return folder;
    }
}
