using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families;

/// <summary>
/// What every family must do, on its tiny checkpoint: prompts, ids, positions, features of images, every layer, logits, similarities and greedy tokens equal
/// the reference's, in both layouts of the files, alone and packed, whole and pruned.
/// </summary>
[Trait("Category", "Golden")]
public class ConformanceTests
{
    // What the fixtures name: their own rounding is some tenth of it.
    private const double OfFeatures = 1e-3, OfLayers = 1e-3, OfLogits = 2e-3, OfSimilarities = 1e-6, OfRouters = 1e-5;

    public static TheoryData<string> Families => [.. FamilyGoldens.Names];
    public static TheoryData<string, string> Cases => [.. FamilyGoldens.Cases];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void A_configuration_asks_for_exactly_the_tensors_of_its_checkpoint(string family)
    {
        using var scratch = new ScratchFolder();
        foreach (string folder in new[] { FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.InNewerLayout(family, scratch) })
        {
            using var opened = Checkpoint.Open(folder);
            var expected = ModelTensors.Expected(folder);
            Assert.Equal(opened.Names.Order(StringComparer.Ordinal), expected.Keys.Order(StringComparer.Ordinal));
            Assert.All(expected, tensor => Assert.Equal(opened.Find(tensor.Key).Entry.Shape, tensor.Value));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Prompts_ids_and_positions_equal_the_reference(string family, string name)
    {
        using var scratch = new ScratchFolder();
        JsonNode golden = FamilyGoldens.Golden(family, name);
        foreach (string folder in new[] { FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.InNewerLayout(family, scratch) })
        {
            using var loaded = FamilyGoldens.Open(folder, golden["processor_arguments"]);
            if (golden["processor_arguments"]?["enable_thinking"] is { } thinks && !(bool)thinks)
            {
                string rendered = ChatTemplate.WithoutThoughts.Render(FamilyGoldens.Messages(family, name), addGenerationPrompt: true).Text;
                Assert.Equal((string)golden["rendered_prompt"]!, rendered);
                Assert.Equal(Ints(golden["input_ids"]!), loaded.Processor.Tokenizer.Encode(rendered));
                continue;
            }
            string prompt = loaded.Processor.Render(FamilyGoldens.Messages(family, name), addGenerationPrompt: true).Text;
            Assert.Equal((string)golden["rendered_prompt"]!, prompt);
            var sample = FamilyGoldens.Sample(loaded, family, name);
            Assert.Equal(Ints(golden["input_ids"]!), sample.Ids);
            Assert.Equal(Ints(golden["image_token_positions"]!), sample.Kinds.Index().Where(kind => kind.Item == TokenKind.Image).Select(kind => kind.Index));
            int[][] positions = golden["position_ids_thw"] is { } axes ? [.. axes.AsArray().Select(axis => Ints(axis!))] : [[.. Enumerable.Range(0, sample.Length)]];
            Assert.Equal(positions, sample.Positions);
            Assert.Equal((int?)golden["rope_delta"] ?? 0, sample.NextPosition - sample.Length);
        }
    }

    /// <summary>Ranks agree on batches by what images' headers say.</summary>
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void The_outline_of_a_conversation_is_the_conversation_without_pixels(string family, string name)
    {
        using var loaded = FamilyGoldens.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published),
            FamilyGoldens.Golden(family, name)["processor_arguments"]);
        var messages = FamilyGoldens.Messages(family, name);
        RgbImage[] images = FamilyGoldens.Images(family, name);
        var whole = loaded.Processor.Encode(messages, images, addGenerationPrompt: true);
        RgbImage[] outlines = [.. images.Select(image => RgbImage.Outline(image.Width, image.Height))];
        var outline = loaded.Processor.Encode(messages, outlines, addGenerationPrompt: true);
        Assert.Equal(whole.Ids, outline.Ids);
        Assert.Equal(whole.Kinds, outline.Kinds);
        Assert.Equal(whole.Positions, outline.Positions);
        Assert.Equal(whole.NextPosition, outline.NextPosition);
        Assert.Equal(whole.Images.SelectMany(image => image.Tiles).Select(tile => (tile.Width, tile.Height)),
            outline.Images.SelectMany(image => image.Tiles).Select(tile => (tile.Width, tile.Height)));
        Assert.All(outline.Images.SelectMany(image => image.Tiles), tile => Assert.True(tile.IsOutline));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Features_of_images_layers_and_logits_equal_the_reference(string family, string name)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var golden = Qwen3VL.Goldens.Load(FamilyGoldens.PathOf(family, $"golden.{name}.safetensors"));
        using var loaded = FamilyGoldens.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.Golden(family, name)["processor_arguments"]);
        using var trace = Trace.Of(loaded.Model, Prompt(loaded, family, name));
        var worst = new Dictionary<string, double>();
        void Compare(string recorded, Tensor own, double tolerance)
        {
            if (!golden.TryGetValue(recorded, out var expected)) return;
            worst[recorded] = FamilyGoldens.Deviation(expected, own);
            Assert.True(worst[recorded] <= tolerance, $"{recorded}: {worst[recorded]}");
        }
        if (golden.ContainsKey("image_features")) Compare("image_features", trace.Tensors[VisionLanguageModel.VisionEnds], OfFeatures);
        for (int level = 0; level < loaded.Model.AddedLevels; level++)
            if (golden.ContainsKey($"deepstack.{level}")) Compare($"deepstack.{level}", trace.Tensors[$"vision.deepstack.{level}"], OfFeatures);
        for (int l = 0; l < loaded.Model.Layers.Count; l++)
        {
            if (golden.ContainsKey($"router_index.{l}")) Compare($"router_index.{l}", trace.Tensors[$"layers.{l}.router.experts"], 0);
            if (golden.ContainsKey($"router_weight.{l}")) Compare($"router_weight.{l}", trace.Tensors[$"layers.{l}.router.weights"], OfRouters);
            Compare($"layer_input.{l}", trace.Tensors[$"layers.{l}.input"], OfLayers);
            Compare($"layer_output.{l}", trace.Tensors[$"layers.{l}.output"], OfLayers);
        }
        Compare("logits", trace.Tensors["logits"], OfLogits);
        Compare("logits_last", trace.Tensors["logits"], OfLogits);
        Assert.True(golden.ContainsKey("logits") || golden.ContainsKey("logits_last"));
        Assert.Equal(golden.Keys.Where(key => key != "pixel_values").Order(StringComparer.Ordinal), worst.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Ints(FamilyGoldens.Golden(family, name)["logits"]!["argmax"]!), trace.Tensors["logits"].argmax(-1).data<long>().ToArray().Select(id => (int)id));
        foreach (var check in worst.GroupBy(w => CheckOf(w.Key))) FamilyGoldens.Report(family, name, check.Key, check.Max(w => w.Value));

        static string CheckOf(string recorded) => recorded switch
        {
            "image_features" => "features",
            _ when recorded.StartsWith("deepstack", StringComparison.Ordinal) => "features",
            _ when recorded.StartsWith("router", StringComparison.Ordinal) => "routers",
            _ when recorded.StartsWith("layer", StringComparison.Ordinal) => "layers",
            _ => "logits",
        };
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases))]
    public void Similarities_equal_the_reference(string family, string name)
    {
        JsonNode golden = FamilyGoldens.Golden(family, name)["similarity"]!;
        using var loaded = FamilyGoldens.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.Golden(family, name)["processor_arguments"]);
        FamilyGoldens.Report(family, name, "similarities", SameSimilarities(golden, loaded.Model, Prompt(loaded, family, name)));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void Greedy_tokens_equal_the_reference_with_and_without_a_cache_alone_and_packed(string family)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        using var loaded = FamilyGoldens.Open(folder);
        // What a call of the processor changed is in the samples; the model is the same.
        string[] names = [.. FamilyGoldens.Cases.Where(c => c.Family == family).Select(c => c.Case)];
        EncodedSample[] prompts = [.. names.Select(name =>
        {
            using var own = FamilyGoldens.Open(folder, FamilyGoldens.Golden(family, name)["processor_arguments"]);
            return Prompt(own, family, name);
        })];
        int[][] expected = [.. names.Select(name => Ints(FamilyGoldens.Golden(family, name)["greedy16"]!["new_tokens"]!))];
        foreach (int slots in new[] { 1, 16 })
            Assert.Equal(expected, Answers(loaded.Model, prompts, slots, expected[0].Length));
        using var whole = Batch.Pack([.. prompts.Zip(expected, (prompt, ids) => prompt.Followed(ids))], loaded.Model.Device);
        int[] uncached = [.. loaded.Model.Logits(loaded.Model.Hidden(whole)).argmax(-1).cpu().data<long>().ToArray().Select(id => (int)id)];
        int end = 0;
        foreach (var (prompt, ids) in prompts.Zip(expected))
        {
            Assert.Equal(ids, uncached[(end + prompt.Length - 1)..(end + prompt.Length - 1 + ids.Length)]);
            end += prompt.Length + ids.Length;
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void Both_layouts_of_the_files_give_the_same_logits(string family)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var scratch = new ScratchFolder();
        using var one = FamilyGoldens.Open(FamilyGoldens.PathOf(family, FamilyGoldens.Published));
        using var other = FamilyGoldens.Open(FamilyGoldens.InNewerLayout(family, scratch));
        using var batch = Batch.Pack([FamilyGoldens.Sample(one, family, FamilyGoldens.FirstCase(family))], one.Model.Device);
        using var again = Batch.Pack([FamilyGoldens.Sample(other, family, FamilyGoldens.FirstCase(family))], one.Model.Device);
        Assert.True(one.Model.Logits(one.Model.Hidden(batch)).Equals(other.Model.Logits(other.Model.Hidden(again))));
        Assert.Equal(one.StopIds, other.StopIds);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void A_pruned_model_computes_what_the_reference_computes_with_it(string family)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var scratch = new ScratchFolder();
        JsonNode golden = JsonNode.Parse(File.ReadAllText(FamilyGoldens.PathOf(family, "pruned", "golden.json")))!;
        string name = (string)golden["case"]!;
        int[] dropped = Ints(golden["dropped_layers"]!);
        int layers = dropped.Length + Ints(golden["kept_layers"]!).Length;
        foreach (string parent in new[] { FamilyGoldens.PathOf(family, FamilyGoldens.Published), FamilyGoldens.InNewerLayout(family, scratch) })
        {
            string pruned = scratch.At(Path.GetFileName(parent) + "-pruned");
            LayerRemoval.Prune(parent, PruningPlan.Create(layers, dropped, []), pruned);
            using var loaded = FamilyGoldens.Open(pruned);
            var prompt = Prompt(loaded, family, name);
            using var batch = Batch.Pack([prompt], loaded.Model.Device);
            Tensor logits = loaded.Model.Logits(loaded.Model.Hidden(batch));
            double deviation = FamilyGoldens.Deviation(Qwen3VL.Goldens.Load(FamilyGoldens.PathOf(family, "pruned", "golden.safetensors"))["logits"], logits);
            Assert.True(deviation <= OfLogits, $"{deviation}");
            int[] tokens = Ints(golden["greedy16"]!["new_tokens"]!);
            Assert.Equal([tokens], Answers(loaded.Model, [prompt], 1, tokens.Length));
            FamilyGoldens.Report(family, name, "pruned logits", deviation);
            FamilyGoldens.Report(family, name, "pruned similarities", SameSimilarities(golden["similarity"]!, loaded.Model, prompt));
        }
    }

    /// <summary>The recorded conversation; where the reference's call asked for no thoughts, by the template that opens the answer so.</summary>
    private static EncodedSample Prompt(LoadedModel loaded, string family, string name)
    {
        JsonNode golden = FamilyGoldens.Golden(family, name);
        if (golden["processor_arguments"]?["enable_thinking"] is null) return FamilyGoldens.Sample(loaded, family, name);
        int[] ids = Ints(golden["input_ids"]!);
        return new(ids, [.. ids.Select(_ => TokenKind.Prompt)], [[.. Enumerable.Range(0, ids.Length)]], ids.Length, []);
    }

    /// <summary>Compares the similarities of a sample with the recorded ones, and gives the largest deviation.</summary>
    private static double SameSimilarities(JsonNode golden, VisionLanguageModel model, EncodedSample sample)
    {
        using var batch = Batch.Pack([sample], model.Device);
        var sums = new SimilarityMeter(model.Layers.Count, [1, 3]).Measure(model, batch);
        var spans = LayerSimilarity.Aggregate(sums, [1, 3]);
        double worst = 0;
        foreach (var (span, key) in new[] { (spans[0], "layer"), (spans[1], "triplet") })
        {
            Near(golden[key]!["all"]!, span.Mean);
            foreach (var (group, ours) in new[] { ("image", "image"), ("text", "prompt") })
                if ((int?)golden["token_counts"]![group] is > 0 and var count) Near(golden[key]![group]!, span.Sums[ours].Select(sum => sum / count));
        }
        return worst;

        void Near(JsonNode expected, IEnumerable<double> actual)
        {
            double[] own = [.. actual];
            Assert.Equal(expected.AsArray().Count, own.Length);
            foreach (var (value, mean) in expected.AsArray().Zip(own))
            {
                worst = Math.Max(worst, Math.Abs((double)value! - mean));
                Assert.Equal((double)value!, mean, OfSimilarities);
            }
        }
    }

    private static int[][] Answers(VisionLanguageModel model, EncodedSample[] prompts, int slots, int tokens) =>
        [.. new Vlm.Generation.Generator(model, new GenerationOptions(MaxNewTokens: tokens, Slots: slots), []).Run(prompts).OrderBy(a => a.Index).Select(a => a.Ids)];

    private static int[] Ints(JsonNode node) => [.. node.AsArray().Select(n => (int)n!)];
}
