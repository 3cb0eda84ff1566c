using Interlace.Pruning;
using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>
/// An adapter's files in a model folder: programs that find them look for another model. They are left out of every folder that is written,
/// and that is said.
/// </summary>
public sealed class AdapterLeftInFolderTests : IDisposable
{
    private readonly ModelCopy _model = new();

    public AdapterLeftInFolderTests()
    {
        File.WriteAllText(_model.File("adapter_config.json"), """{"base_model_name_or_path": "Org/Base", "peft_type": "LORA", "r": 8}""");
        File.WriteAllBytes(_model.File("adapter_model.safetensors"), new byte[2000]);
        File.WriteAllText(_model.File("adapter_model.safetensors.index.json"), "{}");
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Prune_leaves_it_out_and_says_so()
    {
        PlanFile.Save(PruningPlan.Create(16, [5], [6]), _model.At("plan.json"));
        var run = CommandRun.Of("prune", _model.Folder, "--plan", _model.At("plan.json"), "--out", _model.At("pruned"));
        Assert.Equal(0, run.Code);
        Assert.Contains("adapter_config.json", run.Error);
        Assert.DoesNotContain(Directory.EnumerateFiles(_model.At("pruned")),
            file => Path.GetFileName(file).StartsWith("adapter", StringComparison.Ordinal));
        Assert.Equal(0, CommandRun.Of("verify", _model.At("pruned"), "--parent", _model.Folder, "--structure-only").Code);
    }

    [Fact]
    public void Verify_finds_one_that_came_into_the_pruned_folder()
    {
        string pruned = _model.Prune();
        Assert.All(Verification.Structure(pruned, _model.Folder), check => Assert.True(check.Passed, check.Detail));
        File.Copy(_model.File("adapter_config.json"), Path.Combine(pruned, "adapter_config.json"));
        Assert.Contains("adapter_config.json", Assert.Single(Verification.Structure(pruned, _model.Folder), check => !check.Passed).Detail);
    }

    [Fact]
    public void Sparsify_leaves_it_out_too()
    {
        var run = CommandRun.Of("sparsify", _model.Folder, "--method", "magnitude", "--out", _model.At("sparse"));
        Assert.Equal(0, run.Code);
        Assert.Contains("adapter_config.json", run.Error);
        Assert.False(File.Exists(_model.At("sparse", "adapter_config.json")));
    }

    [Fact]
    public void Whoever_asks_the_model_is_told_that_the_adapter_is_not_applied() =>
        Assert.Contains("neither applied",
            CommandRun.Of("generate", _model.Folder, "Hi", "--max-new-tokens", "1", "--dtype", "fp32").Error);
}
