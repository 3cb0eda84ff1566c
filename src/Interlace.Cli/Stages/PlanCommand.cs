using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Runs;
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

    private static readonly Option<bool> Measured = new("--measure")
    {
        Description = "Measure first what the plan needs of losses, gradients and weights and what is not there, "
            + "with the model and the data that run.json names.",
    };
    private static readonly ExperimentOption Compared = new("--best-of", "plan.best_of",
        "Make the plans of these methods, measure the loss of each and take the best: --method best, --measure.", "A,B");

    public static Verb Create() => new("plan", "Choose the layers to drop, tune and freeze from measured similarities.",
    [
        "interlace plan run --ratio 0.25",
        "interlace plan run --ratio 0.15 --method consecutive --out run/consecutive.json",
        "interlace plan run --ratio 0.25 --selection optimal --tokens image --force",
        "interlace plan run --ratio 0.25 --method sleb --out run/sleb.json",
        "interlace plan run --ratio 0.25 --protect sinks",
        "interlace plan run --ratio 0.25 --best-of interlace,short-gpt,sleb",
        "interlace plan run --compare",
        "interlace plan run --ratio 0.25 --stability",
    ], Run) { Run0, StageOptions.Ratio, StageOptions.Method, StageOptions.Selection, StageOptions.Tokens, StageOptions.Weighting,
        StageOptions.Protect, StageOptions.NoProtect, StageOptions.ProtectSinks, StageOptions.Tune, Compared,
        Measured, Target, Compare, Stability, CommonOptions.Config,
        CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        string where = invocation.Get(Run0);
        string similarity = Directory.Exists(where) ? Path.Combine(where, LayerSimilarity.Name) : where;
        if (invocation.Get(Stability)) return ShowStability(invocation, similarity);
        string folder = Path.GetDirectoryName(Path.GetFullPath(similarity))!, path = invocation.Get(Target)
            ?? Path.Combine(folder, PlanFile.Name);
        bool measures = invocation.Get(Measured) || invocation.Given(Compared);
        var experiment = measures ? invocation.Experiment(standard: _ => OutFolder.SettingsIn(folder) with { Plan = new() })
            : invocation.Experiment();
        if (invocation.Given(Compared)) experiment = experiment with { Plan = experiment.Complete().Plan! with { Method = BestOf.Name } };
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
        using var held = measures || Path.GetDirectoryName(Path.GetFullPath(path)) == folder ? FolderLock.Take(folder) : null;
        if (measures) Measure(invocation, experiment, folder);
        var plan = PlanStage.Run(measured, experiment.Complete().Plan!, experiment.Seed, folder);
        if (File.Exists(path) && !invocation.Force && File.ReadAllText(path) != PlanFile.ToJson(plan))
            throw new InputException($"{path} holds another plan: name another file with --out, or replace it with --force.");
        PlanFile.Save(plan, path);
        var view = new PlanView(plan);
        invocation.Print(view.ToJson, view.Draw);
        return ExitCode.Done;
    }

    private static void Measure(Invocation invocation, Experiment experiment, string folder)
    {
        var job = invocation.Job(experiment);
        string[] needed = [.. EvidenceFiles.NeededBy(job.Experiment.Plan!)];
        if (needed.Length == 0) return;
        string at = job.Experiment.Model ?? throw new InputException($"{folder} was made without a model: nothing can be measured.");
        using var model = LoadedModel.Open(at, job.Compute.Device, job.Compute.Type, job.Experiment.Data!.MaxPixels);
        CalibrationStage.Finished(model, folder);   // of this model
        foreach (string name in needed)
            if (!EvidenceStage.IsThere(name, model, job.Experiment, folder)) EvidenceStage.Run(name, model, job, folder);
    }

    private static int ShowStability(Invocation invocation, string similarity)
    {
        var experiment = invocation.Experiment();
        var view = new StabilityView(PlanStability.Of(similarity, experiment.Complete().Plan!, experiment.Seed));
        invocation.Print(view.ToJson, view.Draw);
        return ExitCode.Done;
    }
}
