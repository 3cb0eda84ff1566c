using Interlace.Experiments;
using Interlace.Training;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class LeanerSettingsTests
{
    // Weights 10, optimiser 16 or 6, a kilotoken 2, without recomputation ten times that.
    private static long Needs(FineTuneOptions options) =>
        10 + (options.IsLean ? 6 : 16) + 2 * options.MicroBatchTokens / 1024 * (options.Recompute ? 1 : 10);

    [Theory]
    [InlineData(34, false, "finetune.recompute=true")]
    [InlineData(30, true, "finetune.micro_batch_tokens=2048")]
    [InlineData(28, true, "finetune.micro_batch_tokens=1024")]
    [InlineData(24, true, "finetune.optimizer_memory=lean")]
    [InlineData(18, false, "finetune.recompute=true finetune.micro_batch_tokens=1024 finetune.optimizer_memory=lean")]
    public void What_costs_time_alone_is_proposed_before_what_changes_the_result(long bytes, bool recompute, string expected)
    {
        var options = new FineTuneOptions(Recompute: recompute, MicroBatchTokens: 4096);
        var found = LeanerSettings.Fitting(options, bytes, Needs);
        Assert.Equal(expected, string.Join(' ', found!.Value.Changed));
        Assert.InRange(Needs(found.Value.Options), 0, bytes);
    }

    [Fact]
    public void Nothing_is_proposed_where_all_fits_or_nothing_does()
    {
        var options = new FineTuneOptions(MicroBatchTokens: 4096);
        Assert.Null(LeanerSettings.Fitting(options, 34, Needs));
        Assert.Null(LeanerSettings.Fitting(options, 17, Needs));
        Assert.Null(LeanerSettings.Fitting(options with { Lora = 8 }, 24, Needs));   // adapters have an optimiser of their own size
        Assert.Null(GpuMemory.Total(CPU));
    }
}
