using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Hub;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>fetch ORG/NAME[@REVISION]</c>: a model of Hugging Face's hub into the cache that other programs use too.</summary>
internal static class FetchCommand
{
    private static readonly Argument<string> Source =
        new("ORG/NAME") { Description = "Model on the hub, with @REVISION behind it or not." };

    public static Verb Create() => new("fetch",
        "Fetch a model from Hugging Face's hub into its cache (HF_HOME, HF_HUB_CACHE), or what is new of it since.",
        ["interlace fetch Qwen/Qwen3-VL-4B-Instruct", "interlace fetch some-org/some-model@v1.0"], Run,
            resumes: true) { Source };

    private static int Run(Invocation invocation)
    {
        string text = invocation.Get(Source);
        var repository = HubRepository.Find(text, HubKind.Model)
            ?? throw new InputException($"'{text}' is no name on the hub: write ORG/NAME or ORG/NAME@REVISION.");
        var model = invocation.Hub.Fetch(repository);
        invocation.Print(() => new JsonObject
        {
            ["model"] = repository.Id, ["revision"] = repository.Revision, ["commit"] = model.Commit, ["folder"] = model.Folder,
            ["files"] = model.Files, ["bytes"] = model.Bytes, ["fetched_bytes"] = model.FetchedBytes,
        }, console =>
        {
            string came = model.FetchedBytes > 0 ? $"{Layout.Bytes(model.FetchedBytes)} came now" : "all of it was there";
            console.WriteLine($"{repository.Id} at {model.Commit[..8]}: {model.Files} files, {Layout.Bytes(model.Bytes)}, {came}");
            console.WriteLine(model.Folder);
        });
        invocation.Log($"Next: interlace calibrate {text} --data DATA --out RUN");
        return ExitCode.Done;
    }
}
