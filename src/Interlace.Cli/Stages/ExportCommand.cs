using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json.Nodes;
using Interlace.Exporting;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Hub;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>export MODEL --out FOLDER</c>: a model as the GGUF files that other programs run.</summary>
internal static class ExportCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Folder of the files; others may lie in it.");
    private static readonly Option<string> Type = new("--type")
    {
        Description = $"Type of the matrices: {string.Join(", ", GgufFileType.All.Select(type => type.Name))}. Vectors keep every bit.",
        HelpName = "type", DefaultValueFactory = _ => "f16",
        CompletionSources = { _ => GgufFileType.All.Select(type => new CompletionItem(type.Name)) },
    };
    private static readonly Option<string?> Name = new("--name")
    {
        Description = "What the files are called by: NAME-TYPE.gguf (default: the model's own name).", HelpName = "NAME",
    };

    public static Verb Create() =>
        new("export", "Write a model as GGUF files, which llama.cpp, Ollama and LLamaSharp run: the decoder with its tokenizer, and beside "
            + $"it the parts that see, where they can be written ({string.Join(", ", GgufExport.ModelTypes)}).",
        [
            "interlace export run/tuned --out gguf",
            "interlace export run/tuned --type q8_0 --name Qwen3-VL-8B-pruned --out gguf",
            "interlace verify run/tuned --gguf gguf/tuned-f16.gguf gguf/mmproj-tuned-f16.gguf",
        ], Run) { ModelOptions.Model, Target, Type, Name };

    private static int Run(Invocation invocation)
    {
        string named = invocation.Get(ModelOptions.Model), model = invocation.Hub.Model(named), target = invocation.Get(Target)!;
        var result = ExportStage.Run(model, target, invocation.Get(Type)!, invocation.Get(Name) ?? HubModels.Meant(named)?.Name,
            invocation.Force, invocation.Log, invocation.Progress, cancel: invocation.Cancellation);
        invocation.Print(() => ToJson(result), console => Draw(console, result));
        return ExitCode.Done;
    }

    private static JsonObject ToJson(ExportResult result) => new()
    {
        ["folder"] = result.Folder,
        ["type"] = result.Type,
        ["layers"] = result.Layers,
        ["files"] = new JsonArray([.. result.Files.Select(file => (JsonNode)new JsonObject
        {
            ["file"] = file.Name, ["architecture"] = file.Architecture, ["bytes"] = file.Bytes, ["tensors"] = file.Tensors,
            ["weights"] = file.Weights,
        })]),
        ["note"] = result.Note,
    };

    private static void Draw(IAnsiConsole console, ExportResult result)
    {
        var table = Layout.Table("file", "tensors", "weights", "size");
        foreach (var file in result.Files)
            table.AddRow(Markup.Escape(Path.Combine(result.Folder, file.Name)), Layout.Count(file.Tensors), Layout.Count(file.Weights),
                Layout.Bytes(file.Bytes));
        console.Write(table);
        if (result.Note is { } note) console.WriteLine(note);
    }
}
