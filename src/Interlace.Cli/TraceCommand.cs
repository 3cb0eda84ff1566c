using System.CommandLine;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary><c>trace MODEL --input messages.json --out FILE.safetensors</c>:
/// every intermediate tensor of one pass, to compare with another implementation.</summary>
internal static class TraceCommand
{
    private static readonly Option<string> Input =
        new("--input") { Description = "Conversation: {\"messages\": [...]} with images by their paths relative to the file.",
        HelpName = "messages.json", Required = true };
    private static readonly Option<string> Target =
        new("--out") { Description = "File to write.", HelpName = "FILE.safetensors", Required = true };
    private static readonly Option<bool> Prompt = new("--generation-prompt") { Description = "End with the header of an answer to come." };

    public static Verb Create() => new("trace", "Write every intermediate tensor of one pass, to compare with another implementation.",
        ["interlace trace models/Qwen3-VL-2B-Instruct --input messages.json --out trace.safetensors --dtype fp32",
            "interlace inspect trace.safetensors"], Run)
    {
        ModelOptions.Model, Input, Target, Prompt, ModelOptions.MaxPixels,
    };

    private static int Run(Invocation invocation)
    {
        string path = invocation.Get(Target)!;
        if (Directory.Exists(path)) throw new InputException($"{path} is a folder: name a file to write.");
        if (File.Exists(path) && !invocation.Force)
            throw new InputException($"{path} exists: name another file, or overwrite it with --force.");
        string input = invocation.Get(Input)!, folder = invocation.Hub.Model(invocation.Get(ModelOptions.Model));
        var messages = MessagesFile.Load(input);
        invocation.CheckOut(path, [folder, input, .. messages.SelectMany(message => message.Content).OfType<ImagePart>()
            .Select(image => image.Source)]);
        if (File.Exists(path) && !IsTrace(path))
            throw new InputException($"{path} is no trace of Interlace's, and is not replaced: name another file.");
        using var model = ModelOptions.Open(invocation);
        var sample = ModelOptions.Encode(model, messages, invocation.Get(Prompt));
        using var trace = Trace.Of(model.Model, sample, invocation.Cancellation);
        model.Model.CheckUnchanged();
        Write(trace, path, invocation.Cancellation);
        if (trace.FirstNotANumber is { } first)
            invocation.Log($"{path} holds values that are no numbers (NaN or infinite), first in {first}.");
        using var file = SafeTensorsFile.Open(path);
        var view = new TensorsView(path, file);
        if (invocation.Json) invocation.Print(view.ToJson, view.Draw);
        else invocation.Out.WriteLine($"{path}: {file.Tensors.Count} tensors of a pass over {sample.Length} tokens, "
            + $"{Layout.Bytes(new FileInfo(path).Length)}");
        return ExitCode.Done;
    }

    private static bool IsTrace(string path)
    {
        try
        {
            using var file = SafeTensorsFile.Open(path);
            return Trace.Metadata.All(entry => file.Metadata.TryGetValue(entry.Key, out string? found) && found == entry.Value);
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static void Write(Trace trace, string path, CancellationToken cancellation)
    {
        string beside = path + ".partial";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            trace.Save(beside, cancellation);
            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
    }
}
