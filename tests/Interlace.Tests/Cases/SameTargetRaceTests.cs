namespace Interlace.Tests.Cases;

/// <summary>Of processes that write to one place one wins, and the others get one sentence.</summary>
public sealed class SameTargetRaceTests(DemoRun finished) : IClassFixture<DemoRun>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    [InlineData(250)]
    public async Task Two_prunings_of_one_target_give_one_whole_folder(int milliseconds)
    {
        string target = _scratch.At("out");
        string[] command = ["prune", finished.At("M"), "--plan", finished.At("run"), "--out", target];
        var first = Processes.Start(command);
        await Task.Delay(milliseconds, TestContext.Current.CancellationToken);
        var second = Processes.Start(command);
        (int Code, string Error)[] ended = [await Processes.End(first), await Processes.End(second)];
        Assert.Equal([0, 2], ended.Select(end => end.Code).Order());
        string sentence = Assert.Single(ended.Single(end => end.Code == 2).Error.TrimEnd('\n').Split('\n'), line => !line.Contains('%'));
        Assert.Matches("is in use by another process|is not empty", sentence);
        // Whole: the same files with the same bytes as a pruning that nobody disturbed.
        string[] files = [.. Directory.EnumerateFiles(finished.At("run", "pruned")).Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal)];
        Assert.Equal(files, Directory.EnumerateFiles(target).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(finished.At("run", "pruned", file)),
            File.ReadAllBytes(Path.Combine(target, file))));
        Assert.Equal(["out"], _scratch.Entries());
    }
}
