using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Training;

public sealed class KeptActivationsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Tuning_gives_the_same_files_where_activations_are_kept_as_memory_allows()
    {
        var tuning = new ShortTuning(_scratch);
        string none = tuning.Run("none", "finetune.keep_activations=none"), free = tuning.Run("free", "finetune.keep_activations=free");
        ShortTuning.AssertAlike(none, free);
    }

    [Fact]
    public void Another_word_is_refused()
    {
        var run = CommandRun.Of("finetune", TinyCheckpoints.Tied, "--data", Demo.Root, "--out", _scratch.At("out"),
            "--set", "finetune.keep_activations=all");
        Assert.Equal(2, run.Code);
        Assert.Contains("finetune.keep_activations", run.Error, StringComparison.Ordinal);
    }
}
