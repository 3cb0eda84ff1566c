using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

public sealed class BenchmarkNameLeavesFolderTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_name_that_leads_out_of_the_folder_is_refused_and_nothing_is_written()
    {
        string tables = Shared.Require("cases", "benchmark-name-leaves-folder"), target = _scratch.At("deep", "e-up");
        string sentence = CommandRun.Of("evaluate", Demo.Model, "--benchmarks", tables, "--out", target).Refusal();
        Assert.Contains("'../../escaped' is no plain file name", sentence, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_scratch.Path, "*.jsonl", SearchOption.AllDirectories));
    }
}
