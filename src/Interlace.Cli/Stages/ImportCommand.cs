using System.CommandLine;
using Interlace.Importing;
using Interlace.Pruning;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Cli;

/// <summary><c>import FILE.gguf --out DIR</c>: the model of a GGUF file as a folder that every other command reads.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string> Source = new("FILE")
    {
        Description = $"GGUF file of a text model ({string.Join(", ", GgufModel.Architectures)}).",
    };
    private static readonly Option<string> Target = StageOptions.Out("Model folder to write.", "DIR");
    private static readonly Option<string> Type = new("--type")
    {
        Description = "Type of the weights that are written: bf16, or f32 for every bit of what the file holds.",
        HelpName = "type", DefaultValueFactory = _ => "bf16",
    };

    public static Verb Create() =>
        new("import", "Make a model folder in Hugging Face's layout from a GGUF file: weights dequantised, config and tokenizer rebuilt.",
        [
            "interlace import models/SmolLM2-135M-Instruct.Q4_1.gguf --out models/SmolLM2-135M-Instruct",
            "interlace import models/SmolLM2-135M-Instruct.Q4_1.gguf --type f32 --out models/SmolLM2-135M-Instruct-f32",
        ], Run) { Source, Target, Type };

    private static int Run(Invocation invocation)
    {
        string source = invocation.Get(Source), target = invocation.Get(Target)!;
        invocation.CheckOut(target, source);
        var record = ImportStage.Run(source, target, invocation.Get(Type)!, invocation.Force ? ModelRecords.AreIn : null,
            invocation.Log, invocation.Progress, cancel: invocation.Cancellation);
        invocation.Print(() => StrictJson.Parse(record.ToJson())!, console => ImportView.Draw(console, target, record));
        return ExitCode.Done;
    }
}
