using System.Text.Json.Nodes;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Vlm.Engine;

namespace Interlace.Tests.Engine;

public sealed class ProfileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Parts_lie_within_one_another_and_their_times_add_up()
    {
        using (Profile.Of("before")) { }   // nobody watches
        var profile = Profile.Begin();
        for (int i = 0; i < 3; i++)
        {
            using (Profile.Of("outer"))
            {
                using (Profile.Of("inner")) Thread.Sleep(2);
                using (Profile.Of("inner")) { }
            }
        }
        using (Profile.Of("inner")) { }
        profile.Dispose();
        using (Profile.Of("after")) { }

        Assert.Equal(["outer", "inner"], profile.Root.Parts.Select(part => part.Name));
        var outer = profile.Root.Parts.First();
        var inner = Assert.Single(outer.Parts);
        Assert.Equal((3, 6), (outer.Calls, inner.Calls));
        Assert.InRange(inner.Seconds, 0.006, outer.Seconds);
        Assert.InRange(outer.Seconds, inner.Seconds, profile.Root.Seconds);
        Assert.Equal(outer.Seconds - inner.Seconds, outer.OwnSeconds, 1e-9);

        using var file = new MemoryStream();
        profile.SaveTrace(file);
        JsonObject[] events = [.. JsonNode.Parse(file.ToArray())!["traceEvents"]!.AsArray().Select(one => one!.AsObject())];
        Assert.Equal(10, events.Length);
        Assert.Equal(6 + 1, events.Count(one => (string?)one["name"] == "inner"));
        Assert.All(events, one => Assert.Equal("X", (string?)one["ph"]));
        Assert.True((double)events[0]["ts"]! >= 0 && (double)events[0]["dur"]! >= 2000);
    }

    [Fact]
    public void A_part_that_fails_is_left_all_the_same()
    {
        using var profile = Profile.Begin();
        Assert.Throws<InvalidOperationException>((Action)(() =>
        {
            using var outer = Profile.Of("outer");
            using var inner = Profile.Of("inner");
            throw new InvalidOperationException();
        }));
        using (Profile.Of("next")) { }
        Assert.Equal(["outer", "next"], profile.Root.Parts.Select(part => part.Name));
    }

    [Fact]
    public void A_command_writes_its_trace_and_a_table()
    {
        string path = _scratch.At("profile.json");
        string[] line = ["generate", Demo.Model, "--profile", path, "Is there a ball?"];
        var run = CommandRun.Of(line);
        Assert.Equal(0, run.Code);
        Assert.All((string[])["prefill", "layer", "linear", "attention", "own seconds"],
            part => Assert.Contains(part, run.Error, StringComparison.Ordinal));
        Assert.Equal(Profile.Format, (string?)JsonNode.Parse(File.ReadAllText(path))!["format"]);

        Assert.Equal(2, CommandRun.Of(line).Code);
        Assert.Equal(0, CommandRun.Of([.. line, "--force"]).Code);
        File.WriteAllText(path, """{"mine": true}""");
        Assert.Equal(2, CommandRun.Of([.. line, "--force"]).Code);
        Assert.Equal("""{"mine": true}""", File.ReadAllText(path));
    }
}
