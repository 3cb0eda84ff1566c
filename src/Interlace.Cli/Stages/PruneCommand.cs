using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>prune MODEL --plan P --out DIR</c>: a new checkpoint without the dropped layers.</summary>
internal static class PruneCommand
{
    private static readonly Option<string> Plan =
        new("--plan") { Description = "plan.json, or the run folder that holds it.", HelpName = "PLAN", Required = true };
    private static readonly Option<string> Target = StageOptions.Out("Model folder to write.", "DIR");

    public static Verb Create() =>
        new("prune", "Write a new checkpoint without the dropped layers; the model's files are copied by byte range, nothing is computed "
            + "unless the dropped layers are to be bridged.",
        ["interlace prune models/Qwen3-VL-8B-Instruct --plan run --out run/pruned",
        "interlace verify run/pruned --parent models/Qwen3-VL-8B-Instruct",
        "interlace prune models/Qwen3-VL-8B-Instruct --plan run --out run/bridged --bridge --data data/finevision"], Run)
    {
        ModelOptions.Model, Plan, StageOptions.Bridge, StageOptions.Data, StageOptions.Rate, Target,
        CommonOptions.Config, CommonOptions.Set,
    };

    private static int Run(Invocation invocation)
    {
        string where = invocation.Get(Plan)!, target = invocation.Get(Target)!;
        string model = invocation.Hub.Model(invocation.Get(ModelOptions.Model));
        string planPath = Directory.Exists(where) ? Path.Combine(where, PlanFile.Name) : where;
        var experiment = invocation.Experiment();
        if (experiment.Complete().Prune!.Bridge) experiment = invocation.Hub.LocalData(experiment);
        bool bridge = experiment.Complete().Prune!.Bridge;
        invocation.CheckOut(target, [model, planPath, .. bridge ? experiment.InputPaths() : []]);
        var (plan, options) = (PlanFile.Load(planPath), new LayerRemovalOptions(Overwrite: invocation.Force));
        var pruned = bridge ? BridgeStage.Run(model, plan, target, invocation.Job(experiment), options)
            : LayerRemoval.Prune(model, plan, target, options, invocation.Progress, invocation.Cancellation);
        if (pruned.LeftOut.Count > 0)
            invocation.Log($"{string.Join(" and ", pruned.LeftOut)} of {model} belong to an adapter, which is no part of the model: "
                + "left out.");
        var view = pruned.Bridge is { } account ? new BridgeView(account) : null;
        invocation.Print(() => ToJson(pruned, view), console =>
        {
            console.WriteLine($"{pruned.Folder}: {pruned.LayerCount} decoder layers, {pruned.Parameters:N0} parameters, "
                + $"{Layout.Bytes(pruned.Bytes)}");
            view?.Draw(console);
        });
        return ExitCode.Done;
    }

    private static JsonObject ToJson(PrunedModel pruned, BridgeView? view)
    {
        var json = new JsonObject
        {
            ["folder"] = pruned.Folder, ["layers"] = pruned.LayerCount, ["tensors"] = pruned.TensorCount,
            ["parameters"] = pruned.Parameters, ["bytes"] = pruned.Bytes,
        };
        if (view is not null) json["bridge"] = view.ToJson();
        return json;
    }
}
