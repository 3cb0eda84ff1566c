using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Qwen3VL;

/// <summary>What Qwen3-VL does beyond what every family must do.</summary>
public class ConformanceTests
{
    public static TheoryData<string> Checkpoints => [.. Goldens.Checkpoints];
    public static TheoryData<string> OfBothLayouts =>
        [.. Goldens.Checkpoints.Where(name => Directory.Exists(Shared.At("fixtures/qwen3vl/transformers5-layout", name)))];
    public static TheoryData<string> Tiny => [TinyCheckpoints.Tied, TinyCheckpoints.Untied];
    public static TheoryData<string> WithBFloat16 => [.. Goldens.Checkpoints.Where(name => Goldens.Recorded("forward", name)["bfloat16_deviation_one_image"] is not null)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void A_configuration_asks_for_exactly_the_tensors_of_its_checkpoint(string checkpoint)
    {
        using var opened = Checkpoint.Open(Goldens.PathOf(checkpoint));
        var expected = ModelTensors.Expected(opened.Folder);
        Assert.Equal(opened.Names.Order(StringComparer.Ordinal), expected.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, tensor => Assert.Equal(opened.Find(tensor.Key).Entry.Shape, tensor.Value));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(OfBothLayouts)), Trait("Category", "Golden")]
    public void Newer_files_of_the_same_model_give_the_same_model(string checkpoint)
    {
        string newer = Goldens.PathOf("transformers5-layout", checkpoint);
        using var scratch = new ScratchFolder();
        string folder = scratch.Copy(newer, "model");
        foreach (string file in Directory.EnumerateFiles(Goldens.PathOf(checkpoint)).Where(f => Path.GetFileName(f).StartsWith("model", StringComparison.Ordinal))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        using var _ = no_grad();
        using var batch = Batch.Pack([Goldens.Sample(checkpoint, Samples(checkpoint)[0])], Goldens.Device);
        using var one = Goldens.Open(checkpoint);
        using var other = Goldens.OpenFolder(folder);
        Assert.Equal(0, Deviation(one.Logits(one.Hidden(batch)), other.Logits(other.Hidden(batch))));
    }

    [Theory, MemberData(nameof(Tiny))]
    public void Removing_an_early_layer_moves_visual_features_as_the_renumbered_model_does(string checkpoint)
    {
        using var _ = no_grad();
        using var scratch = new ScratchFolder();
        using var prepared = new PreparedSamples(checkpoint, 1);
        var model = prepared.Loaded.Model;
        using var batch = Batch.Pack(prepared.Encoded(0), CPU);
        LayerRemoval.Prune(checkpoint, PruningPlan.Create(model.Layers.Count, [0], []), scratch.At("pruned"));
        using var pruned = LoadedModel.Open(scratch.At("pruned"), CPU, ScalarType.Float32).Model;
        using var kept = model.Keep([.. Enumerable.Range(1, model.Layers.Count - 1)]);
        Tensor logits = pruned.Logits(pruned.Hidden(batch));
        Assert.Equal(0, Deviation(kept.Logits(kept.Hidden(batch)), logits));
        Assert.NotEqual(0, Deviation(model.Logits(model.Hidden(batch, (l, layer, x) => l == 0 ? x : layer(x))), logits));
    }

    [Theory, MemberData(nameof(Tiny))]
    public void A_pruned_folder_passes_every_check_and_a_changed_one_does_not(string parent)
    {
        using var scratch = new ScratchFolder();
        string pruned = scratch.At("pruned");
        using (var opened = Checkpoint.Open(parent)) LayerRemoval.Prune(parent, PruningPlan.Create(DecoderLayout.Of(opened).LayerCount, [5, 8], [4, 7]), pruned);
        var compute = new Compute(CPU, ScalarType.Float32, 1);
        Assert.All(Verification.Structure(pruned, parent).Concat(Behaviour.Of(pruned, parent, compute)), check => Assert.True(check.Passed, check.Detail));

        string weights = Directory.EnumerateFiles(pruned, "*.safetensors").Order(StringComparer.Ordinal).First();
        using (var file = SafeTensorsFile.Open(weights))
        {
            var norm = file.Tensors.First(t => t.Name.EndsWith("input_layernorm.weight", StringComparison.Ordinal));
            byte[] bytes = File.ReadAllBytes(weights);
            bytes[norm.Offset + 1] ^= 0x40;   // the exponent of its first weight
            File.WriteAllBytes(weights + ".changed", bytes);
        }
        File.Move(weights + ".changed", weights, overwrite: true);
        Assert.Contains(Verification.Structure(pruned, parent), check => !check.Passed);
        Assert.Contains(Behaviour.Of(pruned, parent, compute), check => check is { Name: "logits", Passed: false });
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(WithBFloat16)), Trait("Category", "Golden")]
    public void In_bfloat16_a_pass_deviates_about_as_much_as_the_reference_does(string checkpoint)
    {
        JsonNode recorded = Goldens.Recorded("forward", checkpoint)["bfloat16_deviation_one_image"]!;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var batch = Batch.Pack([Goldens.Sample(checkpoint, "one_image")], Goldens.Device);
        using var wide = Goldens.Open(checkpoint);
        using var narrow = Goldens.Open(checkpoint, ScalarType.BFloat16);
        var expected = ModelTests.Trace(wide, batch).ToDictionary(t => t.Name, t => t.Value);
        double worst = 0;
        int compared = 0;
        foreach (var (name, value) in ModelTests.Trace(narrow, batch))
        {
            if (recorded[name] is not { } golden) continue;
            double deviation = (value.to(ScalarType.Float32) - expected[name]).norm().item<float>() / expected[name].norm().item<float>();
            double ratio = deviation / golden["relative_l2"]!.GetValue<double>();
            worst = Math.Max(worst, ratio);
            compared++;
            Assert.True(ratio <= 1.5, $"{name}: {deviation:g3}, {ratio:0.00} times the reference's");
        }
        Assert.True(compared > 0);
        TestContext.Current.SendDiagnosticMessage($"{checkpoint}: bf16 deviates at most {worst:0.00} times as much as the reference");
    }

    private static string[] Samples(string checkpoint) => [.. Goldens.Samples.Where(s => s.Checkpoint == checkpoint).Select(s => s.Sample)];

    private static double Deviation(Tensor expected, Tensor actual) => (actual - expected).abs().max().item<float>() / expected.abs().max().item<float>();
}
