using System.CommandLine;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Latency;
using Interlace.Evaluation.Likelihoods;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Importing;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Cli;

/// <summary><c>inspect PATH</c>: what a model folder, an artefact or a run folder holds; <c>inspect --recipe NAME</c>: all its options.
/// </summary>
internal static class InspectCommand
{
    private static readonly Argument<string> Where =
        new("PATH") { DefaultValueFactory = _ => "", Description =
            "Model folder, run folder, plan.json, similarity.json, stability.json, sparsity.json, import.json, "
            + "a file of evidence, scores.json, likelihoods.json, latency.json or any safetensors file." };

    public static Verb Create() => new("inspect", "Show what a model folder, a run folder, an artefact or a safetensors file holds.",
        ["interlace inspect models/Qwen3-VL-4B-Instruct", "interlace inspect run/plan.json", "interlace inspect run --json",
            "interlace inspect --recipe authors"],
            Run) { Where, CommonOptions.Recipe };

    private static int Run(Invocation invocation)
    {
        if (invocation.Get(CommonOptions.Recipe) is { } recipe)
        {
            if (invocation.Get(Where) is { Length: > 0 } place)
                throw new InputException($"Leave out {place} or --recipe: one thing is shown at a time.");
            invocation.Out.Write(ExperimentFile.ToJson(Recipe.Experiment(recipe)));
            return ExitCode.Done;
        }
        string path = invocation.Get(Where);
        if (path.Length == 0) throw new InputException("Name what to show: a folder or a file, or a recipe with --recipe.");
        path = invocation.Hub.Model(path);
        if (UserFile.KindOf(path) == PathKind.Folder) InspectFolder(invocation, path);
        else
        {
            UserFile.Check(path, $"There is no file or folder {path}.");
            InspectFile(invocation, path);
        }
        return ExitCode.Done;
    }

    private static void InspectFolder(Invocation invocation, string folder)
    {
        if (UserFile.KindOf(Path.Combine(folder, "config.json")) != PathKind.Missing)
        {
            using var checkpoint = Checkpoint.Open(folder);
            var view = new ModelView(folder, ModelSummary.Of(checkpoint), PlanOf(folder), SparsityFile.In(folder),
                BridgeOf(folder), ImportFile.In(folder));
            invocation.Print(view.ToJson, view.Draw);
        }
        else if (RunView.Of(folder) is { } run) invocation.Print(run.ToJson, run.Draw);
        else throw new InputException($"{folder} holds neither a model (config.json) nor a run ({RunFolder.Record} or one of its "
            + "artefacts).");
    }

    private static void InspectFile(Invocation invocation, string path)
    {
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            using var file = SafeTensorsFile.Open(path);
            var tensors = new TensorsView(path, file);
            invocation.Print(tensors.ToJson, tensors.Draw);
            return;
        }
        switch (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? ArtefactFormat.Read(path) : ArtefactFormat.Of(path))
        {
            case PlanFile.Format:
                var plan = new PlanView(PlanFile.Load(path));
                invocation.Print(plan.ToJson, plan.Draw);
                return;
            case LayerSimilarity.CurrentFormat:
                var similarity = new SimilarityView(LayerSimilarity.Load(path));
                invocation.Print(similarity.ToJson, similarity.Draw);
                return;
            case SparsityFile.CurrentFormat:
                var sparsity = new SparsityView(SparsityFile.Load(path));
                invocation.Print(sparsity.ToJson, sparsity.Draw);
                return;
            case ImportFile.CurrentFormat:
                var import = ImportFile.Load(path);
                invocation.Print(() => StrictJson.Parse(import.ToJson())!,
                    console => ImportView.Draw(console, Path.GetDirectoryName(Path.GetFullPath(path))!, import));
                return;
            case RemovalOrder.CurrentFormat:
                var order = RemovalOrder.Load(path);
                invocation.Print(() => StrictJson.Parse(order.ToJson())!, console => EvidenceView.Draw(console, order));
                return;
            case MeasuredLosses.CurrentFormat:
                var losses = MeasuredLosses.Load(path);
                invocation.Print(() => StrictJson.Parse(losses.ToJson())!, console => EvidenceView.Draw(console, losses));
                return;
            case PlanLosses.CurrentFormat:
                var plans = PlanLosses.Load(path);
                invocation.Print(() => StrictJson.Parse(plans.ToJson())!, console => EvidenceView.Draw(console, plans));
                return;
            case BlockScores.CurrentFormat:
                var scores = BlockScores.Load(path);
                invocation.Print(() => StrictJson.Parse(scores.ToJson())!, console => EvidenceView.Draw(console, scores));
                return;
            case PlanStability.CurrentFormat:
                var stability = new StabilityView(PlanStability.Load(path));
                invocation.Print(stability.ToJson, stability.Draw);
                return;
            case LatencyFile.CurrentFormat:
                invocation.Print(() => StrictJson.Read(path)!, new LatencyView(LatencyFile.Load(path)).Draw);
                return;
            case ScoresFile.CurrentFormat:
                invocation.Print(() => StrictJson.Read(path)!, new ScoresView(ScoresFile.Load(path)).Draw);
                return;
            case LikelihoodsFile.CurrentFormat:
                invocation.Print(() => StrictJson.Read(path)!, new LikelihoodsView(LikelihoodsFile.Load(path)).Draw);
                return;
            case var format:
                throw new InputException($"{path} is of no kind that can be shown{(format is null ? "" : $": its format is '{format}'")}.");
        }
    }

    private static BridgeAccount? BridgeOf(string folder) =>
        File.Exists(Path.Combine(folder, PrunedModelFile.Name)) ? PrunedModelFile.Load(folder).Bridge : null;

    private static PruningPlan? PlanOf(string folder) =>
        Path.Combine(folder, PlanFile.Name) is var path && File.Exists(path) ? PlanFile.Load(path) : null;
}
