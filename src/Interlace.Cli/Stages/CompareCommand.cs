using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Likelihoods;
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
            [.. invocation.Get(Runs).SelectMany(path => RunFolder.EvaluationsIn(path, ScoresFile.Name, LikelihoodsFile.Name)
            .Select(run => (path, run.Name, run.Folder)))];
        var named = folders.Select(run => (run.Folder, Name: folders.Count(other => other.Name == run.Name) == 1
            ? run.Name : NameWithParents(run.Folder, folders))).ToArray();
        bool likely = named.All(run => LikelihoodRun.IsIn(run.Folder)),
            scored = !likely || named.All(run => File.Exists(Path.Combine(run.Folder, ScoresFile.Name)));
        int seed = invocation.Experiment().Seed;
        var scores = !scored ? null
            : RunComparison.Of([.. named.Select(run => ScoredRun.Load(run.Name, run.Folder))], seed, invocation.Force);
        var likelihoods = !likely ? null
            : LikelihoodComparison.Of([.. named.Select(run => LikelihoodRun.Load(run.Name, run.Folder))], seed, invocation.Force);
        invocation.Print(() => Json(scores, likelihoods), console =>
        {
            if (likelihoods is not null) new LikelihoodComparisonView(likelihoods).Draw(console);
            if (scores is not null) new ComparisonView(scores).Draw(console);
        });
        return ExitCode.Done;
    }

    /// <summary>The comparison of scores, where there are any, and beside it that of likelihoods.</summary>
    private static JsonNode Json(Comparison? scores, LikelihoodComparison? likelihoods)
    {
        JsonNode json = scores?.ToJson() ?? new JsonObject();
        if (likelihoods is not null) json["likelihoods"] = likelihoods.ToJson();
        return json;
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
