using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Exporting;
using Interlace.Pruning;
using Interlace.Vlm;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>
/// <c>verify DIR --parent MODEL</c>: whether a pruned folder is what its plan says; <c>verify DIR --gguf FILE...</c>: whether GGUF files
/// hold the folder's model.
/// </summary>
internal static class VerifyCommand
{
    private static readonly Argument<string> Pruned = new("DIR")
    {
        Description = "Pruned or tuned model folder with its plan.json; with --gguf any model folder.",
    };
    private static readonly Option<string?> Parent = new("--parent") { Description = "The model it was made from.", HelpName = "MODEL" };
    private static readonly Option<string[]> Gguf = new("--gguf")
    {
        Description = "GGUF files that hold the folder's model: keys, tokenizer and every weight are compared.", HelpName = "FILE...",
        Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<bool> StructureOnly =
        new("--structure-only") { Description = "Check files, names, shapes and bytes, and compute nothing." };

    public static Verb Create() =>
        new("verify", "Check a pruned model against its parent: files, config, every tensor's bytes, logits, decoding; "
            + "or GGUF files against a model.",
        ["interlace verify run/pruned --parent models/Qwen3-VL-8B-Instruct",
        "interlace verify run/tuned --parent models/Qwen3-VL-8B-Instruct --structure-only",
        "interlace verify run/tuned --gguf gguf/tuned-f16.gguf gguf/mmproj-tuned-f16.gguf"], Run) { Pruned, Parent, Gguf, StructureOnly };

    private static int Run(Invocation invocation)
    {
        string[] files = invocation.Get(Gguf) ?? [];
        if (invocation.Get(Parent) is null && files.Length == 0)
        {
            throw new InputException("There is nothing to compare with: name the unpruned model with --parent, "
                + "or GGUF files with --gguf.");
        }
        string pruned = invocation.Hub.Model(invocation.Get(Pruned));
        var checks = new List<Check>();
        if (invocation.Get(Parent) is { } named)
        {
            string parent = invocation.Hub.Model(named);
            checks.AddRange(Verification.Structure(pruned, parent, invocation.Cancellation));
            if (checks.TrueForAll(check => check.Passed) && !invocation.Get(StructureOnly))
                checks.AddRange(Behaviour.Of(pruned, parent, invocation.Compute(), invocation.Cancellation));
        }
        foreach (string file in files)
            checks.AddRange(GgufVerification.Of(pruned, file, invocation.Cancellation)
                .Select(check => check with { Name = $"{Path.GetFileName(file)}: {check.Name}" }));
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
