using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Vlm;

namespace Interlace.Cli;

/// <summary><c>plan RUN</c>: which layers are dropped, tuned and frozen.</summary>
internal static class PlanCommand
{
    private static readonly Argument<string> Run0 = new("RUN") { Description = "Folder with a similarity.json, or the file itself." };
    private static readonly Option<string?> Target =
        new("--out") { Description = "File to write (default: plan.json beside similarity.json).", HelpName = "FILE.json" };
    private static readonly Option<bool> Compare =
        new("--compare") { Description = "Show the plans of all methods, at the paper's ratios or at the one given, side by side; "
            + "write nothing." };
    private static readonly Option<bool> Stability =
        new("--stability") { Description = "Show how often each layer would be dropped or tuned if other samples had been drawn, "
            + "and write no plan." };

    public static Verb Create() => new("plan", "Choose the layers to drop, tune and freeze from measured similarities.",
    [
        "interlace plan run --ratio 0.25",
        "interlace plan run --ratio 0.15 --method consecutive --out run/consecutive.json",
        "interlace plan run --ratio 0.25 --selection optimal --tokens image --force",
        "interlace plan run --ratio 0.25 --method sleb --out run/sleb.json",
        "interlace plan run --ratio 0.25 --protect sinks",
        "interlace plan run --compare",
        "interlace plan run --ratio 0.25 --stability",
    ], Run) { Run0, StageOptions.Ratio, StageOptions.Method, StageOptions.Selection, StageOptions.Tokens, StageOptions.Weighting,
        StageOptions.Protect, StageOptions.NoProtect, StageOptions.ProtectSinks, Target, Compare, Stability, CommonOptions.Config,
        CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        string where = invocation.Get(Run0);
        string similarity = Directory.Exists(where) ? Path.Combine(where, LayerSimilarity.Name) : where;
        if (invocation.Get(Stability)) return ShowStability(invocation, similarity);
        string folder = Path.GetDirectoryName(Path.GetFullPath(similarity))!, path = invocation.Get(Target)
            ?? Path.Combine(folder, PlanFile.Name);
        var experiment = invocation.Experiment();
        var measured = LayerSimilarity.Load(similarity);
        if (invocation.Get(Compare))
        {
            var options = experiment.Complete().Plan!;
            var compared = new PlanComparisonView(PlanComparison.Of(one => PlanStage.Run(measured, one, experiment.Seed, folder), options,
                invocation.Given(StageOptions.Ratio) ? [options.Ratio] : PlanComparison.Ratios));
            invocation.Print(compared.ToJson, compared.Draw);
            return ExitCode.Done;
        }
        invocation.CheckOut(path, [similarity, Path.Combine(folder, LayerSimilarity.SamplesName),
            .. EvidenceFiles.Names.Select(name => EvidenceFiles.PathOf(folder, name))]);
        if (File.Exists(path) && ArtefactFormat.Of(path) != PlanFile.Format)
            throw new InputException($"{path} is no plan, and is not replaced: name another file with --out.");
        using var held = Path.GetDirectoryName(Path.GetFullPath(path)) == folder ? FolderLock.Take(folder) : null;
        var plan = PlanStage.Run(measured, experiment.Complete().Plan!, experiment.Seed, folder);
        if (File.Exists(path) && !invocation.Force && File.ReadAllText(path) != PlanFile.ToJson(plan))
            throw new InputException($"{path} holds another plan: name another file with --out, or replace it with --force.");
        PlanFile.Save(plan, path);
        var view = new PlanView(plan);
        invocation.Print(view.ToJson, view.Draw);
        return ExitCode.Done;
    }

    private static int ShowStability(Invocation invocation, string similarity)
    {
        var experiment = invocation.Experiment();
        var view = new StabilityView(PlanStability.Of(similarity, experiment.Complete().Plan!, experiment.Seed));
        invocation.Print(view.ToJson, view.Draw);
        return ExitCode.Done;
    }
}
