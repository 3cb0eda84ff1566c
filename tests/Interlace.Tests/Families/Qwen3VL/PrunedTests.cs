using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Qwen3VL;

/// <summary>Pruned models after writing and reopening: what they compute equals what the reference computes with the renumbered checkpoint.</summary>
[Trait("Category", "Golden")]
public class PrunedTests
{
    public static TheoryData<string, string> Variants
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string name in Goldens.Checkpoints.Where(name => File.Exists(Shared.At("fixtures/qwen3vl/pruned", $"{name}.json"))))
                foreach (var variant in Goldens.Recorded("pruned", name)["variants"]!.AsObject()) data.Add(name, variant.Key);
            return data;
        }
    }

    public static TheoryData<string> WithCompleteLogits => [.. Goldens.Checkpoints.Where(name => File.Exists(Shared.At("fixtures/qwen3vl/pruned", $"{name}.logits.safetensors")))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Variants))]
    public void Logits_similarities_and_tokens_equal_the_reference(string checkpoint, string variant)
    {
        using var scratch = new ScratchFolder();
        JsonNode golden = Goldens.Recorded("pruned", checkpoint)["variants"]![variant]!;
        using var model = Prune(checkpoint, golden, scratch);
        string[] names = [.. golden["samples"]!.AsObject().Select(s => s.Key)];
        double worst = 0;
        using (no_grad())
            foreach (string name in names)
            {
                using var scope = NewDisposeScope();
                using var batch = Batch.Pack([Goldens.Sample(checkpoint, name)], Goldens.Device);
                Tensor logits = model.Logits(model.Hidden(batch));
                double deviation = Goldens.Deviation(golden["samples"]![name]!["logits"]!, logits);
                worst = Math.Max(worst, deviation);
                Assert.True(deviation <= 1e-4, $"{name}: {deviation}");
                double[] last = Goldens.Doubles(golden["samples"]![name]!["last_logits"]!);
                float[] actual = logits[-1].cpu().contiguous().data<float>().ToArray();
                Assert.All(last.Zip(actual), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-4 * last.Max(Math.Abs), $"{name}: {pair}"));
            }
        TestContext.Current.SendDiagnosticMessage($"{checkpoint} {variant}: largest deviation of logits {worst:g2}");

        var sums = new SimilarityMeter(model.Layers.Count, [1, 3]);
        using var all = Batch.Pack([.. names.Select(name => Goldens.Sample(checkpoint, name))], Goldens.Device);
        var spans = LayerSimilarity.Aggregate(sums.Measure(model, all), [1, 3]);
        foreach (var (span, key) in new[] { (0, "layer_token_mean"), (1, "triplet_token_mean") })
            Assert.All(Goldens.Doubles(golden["similarity_after_pruning"]![key]!).Zip(spans[span].Mean), pair => Assert.Equal(pair.First, pair.Second, 2e-6));

        var greedy = golden["greedy"]!.AsObject().Where(s => !s.Key.StartsWith('_')).ToArray();
        int[][] expected = [.. greedy.Select(s => Goldens.Ints(s.Value!["generated_ids"]!))];
        EncodedSample[] prompts = [.. greedy.Select(s => Goldens.Prompt(checkpoint, s.Key))];
        int[] stop = Goldens.Ints(Goldens.Recorded("generation", checkpoint)["eos_token_ids"]!);
        var generator = new Vlm.Generation.Generator(model, new GenerationOptions(MaxNewTokens: Goldens.Recorded("generation", checkpoint)["max_new_tokens"]!.GetValue<int>()), stop);
        Assert.Equal(expected, generator.Run(prompts).OrderBy(a => a.Index).Select(a => a.Ids));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(WithCompleteLogits))]
    public void All_logits_of_a_sample_equal_the_reference(string checkpoint)
    {
        const string variant = "unprotected";   // the one whose complete logits are recorded
        var complete = Goldens.Load(Goldens.PathOf("pruned", $"{checkpoint}.logits.safetensors"));
        using var scratch = new ScratchFolder();
        using var model = Prune(checkpoint, Goldens.Recorded("pruned", checkpoint)["variants"]![variant]!, scratch);
        using var _ = no_grad();
        using var batch = Batch.Pack([Goldens.Sample(checkpoint, "one_image")], Goldens.Device);
        Tensor expected = Assert.Single(complete.Values), actual = model.Logits(model.Hidden(batch)).cpu();
        double deviation = (actual - expected).abs().max().item<float>() / expected.abs().max().item<float>();
        Assert.True(deviation <= 1e-4, $"{deviation}");
    }

    private static VisionLanguageModel Prune(string checkpoint, JsonNode golden, ScratchFolder scratch)
    {
        JsonNode plan = golden["plan"]!;
        int layers = plan["kept_original_indices"]!.AsArray().Count + plan["dropped"]!.AsArray().Count;
        LayerRemoval.Prune(Goldens.PathOf(checkpoint), PruningPlan.Create(layers, Goldens.Ints(plan["dropped"]!), Goldens.Ints(plan["tuned"]!)), scratch.At("pruned"));
        Assert.Equal(golden["num_hidden_layers"]!.GetValue<int>(), plan["kept_original_indices"]!.AsArray().Count);
        return Goldens.OpenFolder(scratch.At("pruned"));
    }
}
