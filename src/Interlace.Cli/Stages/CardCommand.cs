using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Outputs;
using Interlace.Runs;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary><c>card RUN</c>: what the pruned and the tuned model of a run are, as a README.md in their folders.</summary>
internal static class CardCommand
{
    private static readonly Argument<string> Where = new("RUN") { Description = "Folder of a run, with a pruned or tuned model in it." };

    public static Verb Create() => new("card",
        "Write the model card (README.md) of a run's pruned and tuned models, from what the run measured: for people, "
            + "and for the hub's index.",
        ["interlace card run", "interlace card run --force"], Run) { Where };

    private static int Run(Invocation invocation)
    {
        string folder = invocation.Get(Where);
        var experiment = OutFolder.SettingsIn(folder);
        using var held = FolderLock.Take(folder);
        var written = CardStage.Run(folder, experiment, invocation.Force);
        invocation.Print(() => new JsonObject { ["cards"] = new JsonArray([.. written.Select(path => (JsonNode)path)]) },
            console =>
        {
            foreach (string path in written) console.WriteLine(path);
        });
        return ExitCode.Done;
    }
}
