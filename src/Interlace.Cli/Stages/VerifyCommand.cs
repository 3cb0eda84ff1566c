using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Pruning;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>verify DIR --parent MODEL</c>: whether a pruned folder is what its plan says.</summary>
internal static class VerifyCommand
{
    private static readonly Argument<string> Pruned = new("DIR") { Description = "Pruned or tuned model folder with its plan.json." };
    private static readonly Option<string> Parent = new("--parent") { Description = "The model it was made from.", HelpName = "MODEL",
        Required = true };
    private static readonly Option<bool> StructureOnly =
        new("--structure-only") { Description = "Check files, names, shapes and bytes, and compute nothing." };

    public static Verb Create() =>
        new("verify", "Check a pruned model against its parent: files, config, every tensor's bytes, logits, decoding.",
        ["interlace verify run/pruned --parent models/Qwen3-VL-8B-Instruct",
        "interlace verify run/tuned --parent models/Qwen3-VL-8B-Instruct --structure-only"], Run) { Pruned, Parent, StructureOnly };

    private static int Run(Invocation invocation)
    {
        string pruned = invocation.Hub.Model(invocation.Get(Pruned)), parent = invocation.Hub.Model(invocation.Get(Parent)!);
        var checks = Verification.Structure(pruned, parent, invocation.Cancellation).ToList();
        if (checks.TrueForAll(check => check.Passed) && !invocation.Get(StructureOnly))
            checks.AddRange(Behaviour.Of(pruned, parent, invocation.Compute(), invocation.Cancellation));
        bool holds = checks.TrueForAll(check => check.Passed);
        invocation.Print(() => new JsonObject
        {
            ["holds"] = holds,
            ["checks"] = new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject { ["name"] = check.Name,
            ["passed"] = check.Passed, ["detail"] = check.Detail })]),
        }, console => Draw(console, checks));
        return holds ? ExitCode.Done : ExitCode.WrongInput;
    }

    private static void Draw(IAnsiConsole console, List<Check> checks)
    {
        var table = Layout.Texts("check", "", "detail");
        foreach (var check in checks)
            table.AddRow(check.Name, check.Passed ? "[green]holds[/]" : "[red]fails[/]", Markup.Escape(check.Detail));
        console.Write(table);
    }
}
