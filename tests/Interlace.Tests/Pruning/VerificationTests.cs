using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Pruning;

public class VerificationTests : IDisposable
{
    private const string Layers = "model.language_model.layers.";

    private static readonly PruningPlan Plan = PruningPlan.Create(12, [0, 5, 11], [1]);

    private readonly ScratchFolder _scratch = new();

    private static string Model => TinyCheckpoints.Tied;

    private string Pruned => field ??= LayerRemoval.Prune(Model, Plan, _scratch.At("pruned")).Folder;

    public void Dispose()
    {
        _scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_sound_folder_passes_every_check()
    {
        var checks = Verification.Structure(Pruned, Model);
        Assert.All(checks, check => Assert.True(check.Passed, check.Detail));
        Assert.Equal(["plan", "files", "index", "config", "layer numbers", "tensor names", "shapes", "outside the decoder layers",
            "frozen layers", "tuned layers", "numbers", "other files", "record"], checks.Select(check => check.Name));
    }

    [Theory]
    [InlineData("{}", "no valid record"), InlineData("null", "no valid record"), InlineData("not JSON", "no valid record"),
        InlineData("\"kept_layers\": [0,", "other layers"), InlineData("\"parent_layers\": 13", "other layers"),
        InlineData("\"format\": \"x\"", "its format")]
    [InlineData("\"config_sha256\": \"x\"", "another model"), InlineData("\"sample_sha256\": \"x\"", "another model"),
        InlineData("\"parent_layers\": 2000000000", "no valid record"), InlineData("\"kept_layers\": [-1,", "no valid record")]
    public void The_record_of_the_folder_is_checked(string change, string named)
    {
        string path = Path.Combine(Pruned, PrunedModelFile.Name), record = File.ReadAllText(path), key = change.Split(':')[0];
        string changed = !change.StartsWith('"')
            ? change : System.Text.RegularExpressions.Regex.Replace(record, change.EndsWith(',') ? $"{key}: \\[[0-9]+,"
            : $"{key}: (\"[^\"]*\"|[0-9]+)", change);
        Assert.NotEqual(record, changed);
        File.WriteAllText(path, changed);
        var check = Verification.Structure(Pruned, Model).Single(check => check.Name == "record");
        Assert.False(check.Passed);
        Assert.Contains(named, check.Detail);
    }

    [Fact]
    public void A_changed_tuned_layer_is_counted_and_a_changed_frozen_one_is_a_fault()
    {
        Rewrite(tensor => tensor.Name == Layers + "0.mlp.up_proj.weight" ? Zeros(tensor) : tensor);
        var checks = Verification.Structure(Pruned, Model);
        Assert.All(checks, check => Assert.True(check.Passed, check.Detail));
        Assert.StartsWith("1 of 11 tensors", checks.Single(check => check.Name == "tuned layers").Detail);

        Rewrite(tensor => tensor.Name == Layers + "1.mlp.up_proj.weight" ? Zeros(tensor) : tensor);
        AssertFault("frozen layers", Layers + "1.mlp.up_proj.weight");
    }

    [Fact]
    public void A_changed_tensor_outside_of_the_decoder_is_a_fault()
    {
        Rewrite(tensor => tensor.Name.EndsWith("blocks.2.norm1.weight") ? Zeros(tensor) : tensor);
        AssertFault("outside the decoder layers", "blocks.2.norm1.weight");
    }

    [Fact]
    public void Layers_in_another_order_are_a_fault()
    {
        Rewrite(tensor => tensor.Name.StartsWith(Layers + "2.") ? tensor with { Name = tensor.Name.Replace(".2.", ".3.") } : tensor.Name.StartsWith(Layers + "3.") ? tensor with { Name = tensor.Name.Replace(".3.", ".2.") } : tensor);
        AssertFault("frozen layers", Layers + "2.");
    }

    [Fact]
    public void A_missing_an_unexpected_and_a_reshaped_tensor_are_faults()
    {
        Rewrite(tensor => tensor.Name == Layers + "4.self_attn.q_norm.weight" ? tensor with { Name = Layers + "4.self_attn.q_scale.weight" } : tensor);
        AssertFault("tensor names", "1 tensors are missing, first what was model.language_model.layers.6.self_attn.q_norm.weight");
        LayerRemoval.Prune(Model, Plan, Pruned, new(Overwrite: true));
        Rewrite(tensor => tensor.Name == Layers + "4.self_attn.q_norm.weight" ? tensor with { Shape = [4, 4] } : tensor);
        AssertFault("shapes", Layers + "4.self_attn.q_norm.weight");
    }

    [Fact]
    public void A_config_that_counts_other_layers_or_changed_elsewhere_is_a_fault()
    {
        string path = Path.Combine(Pruned, "config.json"), sound = File.ReadAllText(path);
        File.WriteAllText(path, sound.Replace("\"num_hidden_layers\": 9", "\"num_hidden_layers\": 12"));
        AssertFault("config", "number is not 9");
        File.WriteAllText(path, sound.Replace("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\""));
        AssertFault("config", "more than its number");
    }

    [Fact]
    public void A_changed_tokenizer_and_a_missing_plan_are_faults()
    {
        File.AppendAllText(Path.Combine(Pruned, "tokenizer.json"), " ");
        AssertFault("other files", "tokenizer.json");
        File.Delete(Path.Combine(Pruned, "plan.json"));
        AssertFault("complete model", "There is no plan");
    }

    [Fact]
    public void Another_parent_is_a_fault() =>
        Assert.Contains("for 12 decoder layers, the parent has 36",
            Assert.Single(Verification.Structure(Pruned, TinyCheckpoints.Untied), check => !check.Passed).Detail);

    [Fact]
    public void A_wrong_total_of_the_index_is_a_fault()
    {
        string parent = TinyCheckpoints.Untied;
        LayerRemoval.Prune(parent, PruningPlan.Create(36, [7], []), _scratch.At("sharded"));
        string index = _scratch.At("sharded", "model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("\"total_size\": ", "\"total_size\": 1"));
        Assert.Equal("index", Assert.Single(Verification.Structure(_scratch.At("sharded"), parent), check => !check.Passed).Name);
    }

    private void AssertFault(string name, string detail) =>
        Assert.Contains(detail, Verification.Structure(Pruned, Model).Single(check => check.Name == name && !check.Passed).Detail);

    private void Rewrite(Func<TensorSource, TensorSource> change)
    {
        string path = Path.Combine(Pruned, "model.safetensors"), beside = _scratch.At("rewritten");
        using (var file = SafeTensorsFile.Open(path)) SafeTensorsWriter.Write(beside, file.Tensors.Select(tensor => change(TensorSource.FromFile(path, tensor, tensor.Name))));
        File.Move(beside, path, overwrite: true);
    }

    private static TensorSource Zeros(TensorSource tensor) => TensorSource.FromBytes(tensor.Name, tensor.Type, tensor.Shape, new byte[tensor.Bytes]);
}
