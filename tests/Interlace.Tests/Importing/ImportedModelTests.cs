using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Tests.Families;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Tests.Text;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

/// <summary>
/// A trained model, imported from its GGUF file: bytes of every tensor, files of the folder, ids, logits, similarities and selections
/// equal the reference's. What takes longer is explicit:
/// <c>dotnet test -c Release --filter-class '*ImportedModelTests*' --explicit only</c>.
/// </summary>
[Trait("Category", "Golden")]
public class ImportedModelTests(ImportedModels models) : IClassFixture<ImportedModels>
{
    // What the material names: its own rounding is some tenth of it.
    private const double OfLogits = 2e-3, OfSimilarities = 1e-6, OfLayers = 1e-4, OfLoss = 1e-4;

    public static TheoryData<string> Names => [.. ImportedModels.Names];

    /// <summary>The two shortest recorded texts of each model, for every run.</summary>
    public static TheoryData<string, string> Short => [.. ImportedModels.Names.SelectMany(name => Cases(name).Take(2))];

    /// <summary>The others.</summary>
    public static TheoryData<string, string> Long => [.. ImportedModels.Names.SelectMany(name => Cases(name).Skip(2))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void Every_tensor_has_the_bytes_of_the_reference(string name)
    {
        var expected = ImportedModels.Json(name, "tensors.json")["tensors"]!.AsArray();
        using var model = GgufModel.Open(ImportedModels.FileOf(name));
        foreach (var (type, key) in new[] { (ElementType.F32, "sha256_float32_le"), (ElementType.BF16, "sha256_bf16_le") })
        {
            var tensors = model.Tensors(type).ToDictionary(tensor => tensor.Name);
            Assert.Equal(expected.Select(tensor => (string)tensor!["name"]!).Order(StringComparer.Ordinal),
                tensors.Keys.Order(StringComparer.Ordinal));
            foreach (var tensor in expected)
            {
                var own = tensors[(string)tensor!["name"]!];
                Assert.Equal(tensor["shape"]!.AsArray().Select(n => (long)n!), own.Shape);
                Assert.Equal((own.Name, (string)tensor[key]!), (own.Name, Hash(own)));
            }
        }
        // What the folder holds is what was hashed.
        using var folder = Checkpoint.Open(models.FolderOf(name));
        foreach (var tensor in expected)
        {
            var (file, entry) = folder.Find((string)tensor!["name"]!);
            Assert.Equal((string)tensor["sha256_bf16_le"]!, Convert.ToHexStringLower(SHA256.HashData(file.Bytes(entry))));
        }
        Assert.Equal(expected.Count, folder.Names.Count);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void The_files_beside_the_weights_equal_the_published_ones(string name)
    {
        string folder = models.FolderOf(name);
        string[] files = [.. Directory.EnumerateFiles(Shared.Require("models", name, "checkpoint"), "*.json")];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            JsonNode expected = JsonNode.Parse(File.ReadAllText(file))!,
                own = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, Path.GetFileName(file))))!;
            Assert.True(JsonNode.DeepEquals(expected, own), Path.GetFileName(file));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void Texts_have_the_ids_of_the_reference(string name)
    {
        var tokenizer = Tokenizer.Load(models.FolderOf(name));
        var texts = ImportedModels.Json(name, "tokens.json").AsArray();
        Assert.NotEmpty(texts);
        foreach (var text in texts)
        {
            Assert.Equal(Ints(text!["ids"]!), tokenizer.Encode((string)text["text"]!));
            Assert.Equal((string)text["decoded"]!, tokenizer.Decode(Ints(text["ids"]!), skipSpecial: false));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Short))]
    public void Short_texts_have_the_values_of_the_reference(string name, string @case) => SameValues(name, @case);

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Long))]
    public void Long_texts_have_the_values_of_the_reference(string name, string @case) => SameValues(name, @case);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void Stored_similarities_lead_to_the_selections_of_the_reference(string name)
    {
        var golden = ImportedModels.Json(name, "calibration.json");
        int compared = 0;
        foreach (var (similarity, selections) in Selections(golden))
        {
            double[] layer = Doubles(similarity["layer"]!), triplet = Doubles(similarity["triplet"]!);
            var windows = similarity["windows"]?.AsArray();
            var angles = similarity["angular_last_token"]?.AsArray();
            var evidence = new Evidence(layer.Length)
            {
                LayerSimilarity = layer, TripletSimilarity = triplet,
                WindowSimilarity = windows is null ? null : n => Doubles(windows[n - 1]!),
                WindowAngle = angles is null ? null : n => Doubles(angles[n - 1]!),
            };
            foreach (var (method, expected) in selections.Where(entry => Methods.Table.ContainsKey(entry.Key)))
            {
                JsonNode drop = expected is JsonObject named ? named["drop"]! : expected!;
                int[] layers = Ints(drop);
                var plan = Methods.Plan(method, evidence, (double)layers.Length / layer.Length);
                Assert.Equal((method, string.Join(' ', layers)), (method, string.Join(' ', plan.Drop)));
                if (expected is JsonObject { } more && more["tune"] is { } tune) Assert.Equal(Ints(tune), plan.Tune);
                compared++;
            }
        }
        Assert.True(compared > 0);
    }

    /// <summary>The model without some of its layers, as <c>prune</c> writes it, on the texts that the reference asked it.</summary>
    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void The_pruned_model_has_the_values_of_the_reference(string name)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var scratch = new ScratchFolder();
        var prompts = ImportedModels.Json(name, "golden.json")["cases"]!;
        var recorded = Goldens.Load(PathOf(name, "pruned.safetensors"));
        foreach (var (ratio, golden) in ImportedModels.Json(name, "pruned.json").AsObject())
        {
            int[] drop = Ints(golden!["dropped_layers"]!), tune = Ints(golden["tuned_layers_old_numbers"]!);
            string folder = scratch.At(ratio.TrimEnd('%'));
            var plan = PruningPlan.Create(drop.Length + golden["kept_layers"]!.AsArray().Count, drop, tune);
            LayerRemoval.Prune(models.FolderOf(name), plan, folder);
            using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32);
            foreach (var (@case, values) in golden["cases"]!.AsObject())
            {
                var sample = ImportedModels.Sample(Ints(prompts[@case]!["input_ids"]!));
                using var trace = Trace.Of(loaded.Model, sample);
                Tensor last = recorded[$"{ratio.TrimEnd('%')}.{@case}.logits_last"];
                Within(name, $"{@case} at {ratio}", "logits", FamilyGoldens.Deviation(last, trace.Tensors["logits"]), OfLogits);
                double loss = ImportedModels.Losses(loaded.Model, sample.Ids).Average();
                Within(name, $"{@case} at {ratio}", "loss", Math.Abs((double)values!["mean_nll"]! - loss), OfLoss);
                int[] greedy = Ints(values["greedy32"]!["new_tokens"]!);
                var generator = new Vlm.Generation.Generator(loaded.Model, new(MaxNewTokens: greedy.Length), []);
                Assert.Equal(greedy, Assert.Single(generator.Run([sample])).Ids);
            }
        }
    }

    private void SameValues(string name, string @case)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (loaded, golden) = (models.Loaded(name), ImportedModels.Json(name, "golden.json")["cases"]![@case]!);
        string prompt = (string?)golden["text"]
            ?? loaded.Processor.Render(GoldenConversation.Read(golden["messages"]!), addGenerationPrompt: true).Text;
        if (golden["rendered_prompt"] is { } rendered) Assert.Equal((string)rendered!, prompt);
        int[] ids = Ints(golden["input_ids"]!);
        Assert.Equal(ids, loaded.Processor.Tokenizer.Encode(prompt));

        var sample = ImportedModels.Sample(ids);
        using (var trace = Trace.Of(loaded.Model, sample))
        {
            Tensor logits = trace.Tensors["logits"], last = Goldens.Load(PathOf(name, "golden.safetensors"))[$"{@case}.logits_last"];
            Within(name, @case, "logits", FamilyGoldens.Deviation(last, logits), OfLogits);
            SameChoices(golden, logits);
            if (@case == First(name))
                Within(name, @case, "layers", LayerDeviation(Goldens.Load(PathOf(name, "golden.first.safetensors")), trace), OfLayers);
        }
        using (var batch = Batch.Pack([sample], loaded.Model.Device))
        {
            var sums = new SimilarityMeter(loaded.Model.Layers.Count, [1, 2, 3]).Measure(loaded.Model, batch);
            foreach (var (span, key) in LayerSimilarity.Aggregate(sums, [1, 2, 3]).Zip(["layer", "pair", "triplet"]))
            {
                double[] expected = Doubles(golden["similarity"]![key]!);
                Assert.Equal(expected.Length, span.Mean.Length);
                Within(name, @case, key, expected.Zip(span.Mean, (value, mean) => Math.Abs(value - mean)).Max(), OfSimilarities);
            }
        }
        int[] greedy = Ints(golden["greedy32"]!["new_tokens"]!);
        Assert.Equal(greedy,
            Assert.Single(new Vlm.Generation.Generator(loaded.Model, new(MaxNewTokens: greedy.Length), []).Run([sample])).Ids);
    }

    /// <summary>The most probable token of every position, but for those that the reference itself hardly decides.</summary>
    private static void SameChoices(JsonNode golden, Tensor logits)
    {
        int[] own = [.. logits.argmax(-1).data<long>().ToArray().Select(id => (int)id)], expected = Ints(golden["argmax"]!);
        HashSet<int> near = [.. Ints(golden["argmax_positions_with_margin_below_0.01"]!)];
        Assert.Equal(expected.Length, own.Length);
        Assert.True(near.Count < expected.Length);
        for (int t = 0; t < own.Length; t++)
            if (!near.Contains(t)) Assert.Equal((t, expected[t]), (t, own[t]));
    }

    /// <summary>A deviation, told and held against its limit.</summary>
    private static void Within(string name, string @case, string check, double deviation, double limit)
    {
        FamilyGoldens.Report(name, @case, check, deviation);
        Assert.InRange(deviation, 0, limit);
    }

    /// <summary>The largest deviation of every layer and the last norm, relative to the norm of each position: the first may be a thousand
    /// times larger than the others.</summary>
    private static double LayerDeviation(Dictionary<string, Tensor> recorded, Trace trace)
    {
        Assert.NotEmpty(recorded);
        double worst = 0;
        foreach (var (key, tensor) in recorded)
        {
            Tensor own = trace.Tensors[key.Split('.') switch
            {
                ["layer_input", var l] => $"layers.{l}.input",
                ["layer_output", var l] => $"layers.{l}.output",
                _ => "final_norm",
            }];
            Tensor distance = (tensor - own.reshape(tensor.shape)).norm(-1) / tensor.norm(-1);
            worst = Math.Max(worst, distance.max().item<float>());
        }
        return worst;
    }

    /// <summary>Stored similarities, and what the reference selects by them.</summary>
    private static IEnumerable<(JsonNode Similarity, JsonObject Selections)> Selections(JsonNode golden)
    {
        foreach (var (_, selections) in golden["selections"]!.AsObject()) yield return (golden, selections!.AsObject());
        foreach (var (_, selections) in golden["selections_without_first_position"]!.AsObject())
            yield return (golden["without_first_position"]!, selections!.AsObject());
        foreach (var (key, domains) in golden.AsObject()
            .Where(entry => entry.Key.StartsWith("selections_by_domain", StringComparison.Ordinal)))
            foreach (var (domain, selections) in domains!.AsObject()) yield return (golden["by_domain"]![domain]!, selections!.AsObject());
    }

    /// <summary>The recorded texts of a model, shortest first.</summary>
    private static IEnumerable<(string, string)> Cases(string name) =>
        ImportedModels.Json(name, "golden.json")["cases"]!.AsObject().OrderBy(entry => entry.Value!["input_ids"]!.AsArray().Count)
            .Select(entry => (name, entry.Key));

    /// <summary>The text of which every layer is recorded.</summary>
    private static string First(string name) => ImportedModels.Json(name, "golden.json")["cases"]!.AsObject().First().Key;

    private static string PathOf(string name, string file) => Shared.Require("models", name, file);

    private static string Hash(TensorSource tensor)
    {
        using var hash = SHA256.Create();
        using var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write);
        tensor.CopyTo(stream, CancellationToken.None);
        stream.FlushFinalBlock();
        return Convert.ToHexStringLower(hash.Hash!);
    }

    private static int[] Ints(JsonNode node) => [.. node.AsArray().Select(n => (int)n!)];

    private static double[] Doubles(JsonNode node) => [.. node.AsArray().Select(n => (double)n!)];
}
