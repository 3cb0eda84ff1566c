using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using TorchSharp;

namespace Interlace.Tests.Cases;

/// <summary>In bf16 a right folder passes, near ties or not, and a wrong one does not.</summary>
public sealed class VerifyBf16Tests : IDisposable
{
    private static readonly Compute Narrow = new(torch.CPU, torch.ScalarType.BFloat16, 1);

    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_pruned_folder_holds_in_both_types()
    {
        string pruned = _model.Prune();
        foreach (string type in new[] { "bf16", "fp32" })
            Assert.Equal(0, CommandRun.Of("verify", pruned, "--parent", _model.Folder, "--dtype", type).Code);
    }

    [Theory]
    [InlineData(new[] { 3, 6, 11, 13 })]
    [InlineData(new[] { 2, 7, 10, 13 })]
    [InlineData(new[] { 5, 8, 12, 15 })]
    [InlineData(new[] { 9 })]
    public void No_near_tie_of_any_plan_is_a_fault(int[] drop)
    {
        LayerRemoval.Prune(_model.Folder, PruningPlan.Create(16, drop, [4]), _model.At("other"));
        Assert.All(Behaviour.Of(_model.At("other"), _model.Folder, Narrow), check => Assert.True(check.Passed, check.Detail));
    }

    [Fact]
    public void Models_of_other_depths_hold()
    {
        foreach (var (parent, layers) in new[] { (TinyCheckpoints.Tied, 12), (TinyCheckpoints.Untied, 36) })
        {
            string pruned = _model.At($"{layers}");
            LayerRemoval.Prune(parent, PruningPlan.Create(layers, [5, 8], [4, 7]), pruned);
            Assert.All(Behaviour.Of(pruned, parent, Narrow), check => Assert.True(check.Passed, check.Detail));
        }
    }

    [Fact]
    public void One_changed_weight_is_found_in_the_logits_too()
    {
        string pruned = _model.Prune();
        _model.Poke("model.language_model.layers.2.input_layernorm.weight", 3, [0x00, 0x44], pruned);   // 512
        Assert.Equal("frozen layers", Assert.Single(Verification.Structure(pruned, _model.Folder), check => !check.Passed).Name);
        Assert.Contains(Behaviour.Of(pruned, _model.Folder, Narrow), check => check is { Name: "logits", Passed: false });
    }

    [Fact]
    public void Swapped_layers_are_found_in_the_logits_too()
    {
        // Made with a plan that drops layer 5, then said to be made with one that drops layer 6.
        LayerRemoval.Prune(_model.Folder, PruningPlan.Create(16, drop: [5], tune: []), _model.At("swapped"));
        PlanFile.Save(PruningPlan.Create(16, drop: [6], tune: []), _model.At("swapped", PlanFile.Name));
        Assert.Contains(Verification.Structure(_model.At("swapped"), _model.Folder),
            check => check is { Name: "frozen layers", Passed: false });
        Assert.Contains(Behaviour.Of(_model.At("swapped"), _model.Folder, Narrow), check => check is { Name: "logits", Passed: false });
    }

    [Fact]
    public void Two_tuned_layers_that_changed_places_are_found_in_a_folder_that_is_not_tuned_yet()
    {
        string pruned = _model.Prune(), weights = Path.Combine(pruned, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        string header = System.Text.Encoding.UTF8.GetString(bytes, 8, (int)BitConverter.ToInt64(bytes));
        const string layers = "model.language_model.layers.";
        string swapped = header.Replace($"{layers}4.", $"{layers}X.", StringComparison.Ordinal)
            .Replace($"{layers}6.", $"{layers}4.", StringComparison.Ordinal)
            .Replace($"{layers}X.", $"{layers}6.", StringComparison.Ordinal);
        System.Text.Encoding.UTF8.GetBytes(swapped).CopyTo(bytes, 8);
        File.WriteAllBytes(weights, bytes);
        // the plan tunes both
        Assert.All(Verification.Structure(pruned, _model.Folder), check => Assert.True(check.Passed, check.Detail));
        Assert.Contains(Behaviour.Of(pruned, _model.Folder, Narrow), check => check is { Name: "logits", Passed: false });
    }
}
