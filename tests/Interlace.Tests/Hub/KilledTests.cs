using System.Diagnostics;
using Interlace.Data.Sampled;
using Interlace.Vlm.Hub;

namespace Interlace.Tests.Hub;

/// <summary>Processes that are killed at ten moments while they fetch, and the same command to its end: the same bytes.</summary>
public class KilledTests
{
    [Fact]
    public async Task A_killed_fetch_goes_on_to_the_same_bytes()
    {
        using var hub = new TestHub();
        string commit = hub.Server.Add("models", TestHub.Model, TestHub.DemoModel);
        // The store gives little at a time, so that kills fall into the middle of a content too.
        await KillAndEnd(hub, request => request.OnStore ? new(CutAfter: 400_000) : null, most: 30, "fetch", TestHub.Model);
        string folder = Path.Combine(hub.ModelFolder, "snapshots", commit);
        Assert.Equal(TestHub.DemoModel.OrderBy(file => file.Key, StringComparer.Ordinal), HubServer.FilesOf(folder));
        string[] contents = [.. Directory.EnumerateFiles(Path.Combine(hub.ModelFolder, "blobs")).Select(file => Path.GetFileName(file))];
        Assert.Equal(TestHub.DemoModel.Select(file => HubServer.HashOf(file.Key, file.Value)).Order(), contents.Order());
        Assert.Equal(folder, HubModels.InCache(new(HubKind.Model, TestHub.Model), hub.Settings()));
    }

    [Fact]
    public async Task A_killed_sampling_goes_on_to_the_same_bytes()
    {
        using var hub = new TestHub();
        hub.Server.Add("datasets", "some-org/data", HubServer.FilesOf(Path.Combine(Shared.Repository, "assets", "demo", "finevision")));
        string[] command = ["sample", "hf://some-org/data", "--rate", "0.1", "--out"];
        string killed = hub.Folder.At("killed"), whole = hub.Folder.At("whole");
        await KillAndEnd(hub, _ => null, most: 25, [.. command, killed]);
        Assert.Equal(0, (await FetchCommandTests.Run(hub, [], [.. command, whole])).Code);
        Assert.Equal(HubServer.FilesOf(whole), HubServer.FilesOf(killed));
        Assert.Contains(SampleFile.Name, HubServer.FilesOf(killed).Keys);
    }

    /// <summary>Kills the process at its n-th request, ten times, and lets it end once.</summary>
    private static async Task KillAndEnd(TestHub hub, Func<HubRequest, HubFault?> faults, int most, params string[] arguments)
    {
        var random = new Random(7);
        Process? running = null;
        int left = 0;
        hub.Server.Faults = request =>
        {
            if (Interlocked.Decrement(ref left) == 0) running?.Kill();
            return faults(request);
        };
        for (int kill = 0; kill < 10; kill++)
        {
            left = random.Next(1, most);
            using (running = FetchCommandTests.Start(hub, [], arguments)) await running.WaitForExitAsync();
        }
        (running, left) = (null, 0);
        var ended = await FetchCommandTests.Run(hub, [], arguments);
        Assert.True(ended.Code == 0, ended.Error);
    }
}
