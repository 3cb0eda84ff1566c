using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Interlace.Tests.Hub;

/// <summary>The hub from the command line, in a process that has variables of its own.</summary>
public class FetchCommandTests
{
    [Fact]
    public async Task A_model_of_the_hub_stands_wherever_a_folder_does()
    {
        using var hub = new TestHub();
        hub.Server.Add("models", TestHub.Model, TestHub.DemoModel, gated: "hf_secret");
        var refused = await Run(hub, [], "fetch", TestHub.Model);
        Assert.Equal((2, ""), (refused.Code, refused.Out));
        Assert.Contains("is gated", refused.Error, StringComparison.Ordinal);

        var fetched = await Run(hub, [("HF_TOKEN", "hf_secret")], "fetch", TestHub.Model, "--json");
        Assert.Equal(0, fetched.Code);
        string folder = (string)JsonNode.Parse(fetched.Out)!["folder"]!;
        Assert.Equal(TestHub.DemoModel.Keys.Order(StringComparer.Ordinal), HubServer.FilesOf(folder).Keys);

        int asked = hub.Server.Requests.Count;
        var shown = await Run(hub, [("HF_HUB_OFFLINE", "1")], "inspect", TestHub.Model, "--json");
        var own = await Run(hub, [], "inspect", Path.Combine(Shared.Repository, "assets", "demo", "model"), "--json");
        Assert.Equal((0, own.Out.Replace(Path.Combine(Shared.Repository, "assets", "demo", "model"), folder)), (shown.Code, shown.Out));
        Assert.Equal(asked, hub.Server.Requests.Count);   // what is whole in the cache asks nobody
        Assert.DoesNotContain("hf_secret", refused.Error + fetched.Out + fetched.Error + shown.Error, StringComparison.Ordinal);
        Assert.All(Directory.EnumerateFiles(hub.Folder.Path, "*", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("hf_secret", File.ReadAllText(file), StringComparison.Ordinal));
    }

    internal static async Task<(int Code, string Out, string Error)> Run(TestHub hub, (string, string)[] variables,
        params string[] arguments)
    {
        using var process = Start(hub, variables, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        string text = await output;
        await process.WaitForExitAsync();
        return (process.ExitCode, text, error);
    }

    internal static Process Start(TestHub hub, (string, string)[] variables, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Interlace.Cli.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments, "--threads", "1"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = hub.Folder.Path,
        };
        foreach (var (name, value) in hub.Variables(variables)) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
