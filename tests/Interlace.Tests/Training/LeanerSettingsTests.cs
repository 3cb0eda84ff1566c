using Interlace.Experiments;
using Interlace.Training;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class LeanerSettingsTests
{
    // Weights 10, on the device 7; optimiser 16 or 6, of which moments 3 or 1; a kilotoken 2, without recomputation ten times that.
    private static long Needs(FineTuneOptions options) =>
        (options.Offload == "all" ? 7 : 10) + (options.IsLean ? 6 : 16) - (options.Offload == "none" ? 0 : options.IsLean ? 1 : 3)
        + 2 * options.MicroBatchTokens / 1024 * (options.Recompute ? 1 : 10);

    [Theory]
    [InlineData(34, false, "finetune.recompute=true")]
    [InlineData(30, true, "finetune.micro_batch_tokens=2048")]
    [InlineData(28, true, "finetune.micro_batch_tokens=1024")]
    [InlineData(27, true, "finetune.micro_batch_tokens=2048 finetune.offload=optimizer")]
    [InlineData(22, true, "finetune.micro_batch_tokens=1024 finetune.offload=all")]
    [InlineData(20, true, "finetune.micro_batch_tokens=2048 finetune.optimizer_memory=lean")]
    [InlineData(17, false,
        "finetune.recompute=true finetune.micro_batch_tokens=1024 finetune.optimizer_memory=lean finetune.offload=optimizer")]
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
        Assert.Null(LeanerSettings.Fitting(options, 13, Needs));
        Assert.Null(LeanerSettings.Fitting(options with { Lora = 8 }, 21, Needs));   // adapters have an optimiser of their own size
        Assert.Null(LeanerSettings.Fitting(options with { Offload = "all", OptimizerMemory = "lean" }, 13, Needs));
        Assert.Null(GpuMemory.Total(CPU));
    }
}
