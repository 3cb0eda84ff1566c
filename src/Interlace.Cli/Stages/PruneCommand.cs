using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Pruning;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>prune MODEL --plan P --out DIR</c>: a new checkpoint without the dropped layers.</summary>
internal static class PruneCommand
{
    private static readonly Option<string> Plan =
        new("--plan") { Description = "plan.json, or the run folder that holds it.", HelpName = "PLAN", Required = true };
    private static readonly Option<string> Target = StageOptions.Out("Model folder to write.", "DIR");

    public static Verb Create() =>
        new("prune", "Write a new checkpoint without the dropped layers; the model's files are copied by byte range, nothing is computed.",
        ["interlace prune models/Qwen3-VL-8B-Instruct --plan run --out run/pruned",
        "interlace verify run/pruned --parent models/Qwen3-VL-8B-Instruct"], Run)
    {
        ModelOptions.Model, Plan, Target,
    };

    private static int Run(Invocation invocation)
    {
        string where = invocation.Get(Plan)!, target = invocation.Get(Target)!;
        string model = invocation.Get(ModelOptions.Model), planPath = Directory.Exists(where) ? Path.Combine(where, PlanFile.Name) : where;
        invocation.CheckOut(target, model, planPath);
        var pruned = LayerRemoval.Prune(model, PlanFile.Load(planPath), target, new(Overwrite: invocation.Force), invocation.Progress,
            invocation.Cancellation);
        if (pruned.LeftOut.Count > 0)
            invocation.Log($"{string.Join(" and ", pruned.LeftOut)} of {model} belong to an adapter, which is no part of the model: "
                + "left out.");
        invocation.Print(() => new JsonObject
        {
            ["folder"] = pruned.Folder, ["layers"] = pruned.LayerCount, ["tensors"] = pruned.TensorCount,
                ["parameters"] = pruned.Parameters, ["bytes"] = pruned.Bytes,
        }, console => console.WriteLine($"{pruned.Folder}: {pruned.LayerCount} decoder layers, {pruned.Parameters:N0} parameters, "
            + $"{Layout.Bytes(pruned.Bytes)}"));
        return ExitCode.Done;
    }
}
