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
/// A trained model, imported from its GGUF file: bytes of every tensor, files of the folder, ids, logits, similarities, selections and losses
/// equal the reference's. What takes longer is explicit: <c>dotnet test -c Release --filter-class '*ImportedModelTests*' --explicit only</c>.
/// </summary>
[Trait("Category", "Golden")]
public class ImportedModelTests(ImportedModels models) : IClassFixture<ImportedModels>
{
    // What the material names: its own rounding is some tenth of it.
    private const double OfLogits = 2e-3, OfSimilarities = 1e-6, OfLayers = 1e-4, OfPerplexity = 1e-4;

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
            Assert.Equal(expected.Select(tensor => (string)tensor!["name"]!).Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
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
            JsonNode expected = JsonNode.Parse(File.ReadAllText(file))!, own = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, Path.GetFileName(file))))!;
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

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void A_window_of_held_back_text_has_the_loss_of_the_reference(string name) => SameLosses(name, domains: 1, windows: 1);

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void All_windows_of_held_back_text_have_the_losses_of_the_reference(string name) => SameLosses(name, int.MaxValue, int.MaxValue);

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
            Assert.InRange(FamilyGoldens.Deviation(last, logits), 0, OfLogits);
            SameChoices(golden, logits);
            if (@case == First(name)) SameLayers(Goldens.Load(PathOf(name, "golden.first.safetensors")), trace);
        }
        using (var batch = Batch.Pack([sample], loaded.Model.Device))
        {
            var sums = new SimilarityMeter(loaded.Model.Layers.Count, [1, 2, 3]).Measure(loaded.Model, batch);
            foreach (var (span, key) in LayerSimilarity.Aggregate(sums, [1, 2, 3]).Zip(["layer", "pair", "triplet"]))
            {
                double[] expected = Doubles(golden["similarity"]![key]!);
                Assert.Equal(expected.Length, span.Mean.Length);
                for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], span.Mean[i], OfSimilarities);
            }
        }
        int[] greedy = Ints(golden["greedy32"]!["new_tokens"]!);
        Assert.Equal(greedy, Assert.Single(new Vlm.Generation.Generator(loaded.Model, new(MaxNewTokens: greedy.Length), []).Run([sample])).Ids);
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

    /// <summary>Every layer. A position has a limit of its own: the first may be a thousand times larger than the others.</summary>
    private static void SameLayers(Dictionary<string, Tensor> recorded, Trace trace)
    {
        Assert.NotEmpty(recorded);
        foreach (var (key, tensor) in recorded)
        {
            Tensor own = trace.Tensors[key.Split('.') switch
            {
                ["layer_input", var l] => $"layers.{l}.input",
                ["layer_output", var l] => $"layers.{l}.output",
                _ => "final_norm",
            }];
            Tensor distance = (tensor - own.reshape(tensor.shape)).norm(-1) / tensor.norm(-1);
            Assert.InRange(distance.max().item<float>(), 0, OfLayers);
        }
    }

    private void SameLosses(string name, int domains, int windows)
    {
        var loaded = models.Loaded(name);
        JsonNode dense = ImportedModels.Json(name, "results.json")["perplexity"]!["dense"]!;
        string[] known = [.. dense.AsObject().Where(entry => entry.Value is JsonObject).Select(entry => entry.Key)];
        Assert.NotEmpty(known);
        foreach (string domain in known.Take(domains))
        {
            double[] expected = [.. Doubles(dense[domain]!["nll_of_windows"]!).Take(windows)];
            string[] texts = [.. ImportedModels.Texts(name, $"test.{domain}").Take(expected.Length).Select(text => (string)text["text"]!)];
            Assert.Equal(expected.Length, texts.Length);
            int predicted = (int)dense[domain]!["predicted_tokens"]! / dense[domain]!["nll_of_windows"]!.AsArray().Count;
            foreach (var (text, sum) in texts.Zip(expected))
            {
                double own = ImportedModels.Losses(loaded.Model, loaded.Processor.Tokenizer.Encode(text)[..(predicted + 1)]).Sum();
                Assert.InRange(Math.Exp((own - sum) / predicted), 1 - OfPerplexity, 1 + OfPerplexity);
            }
        }
    }

    /// <summary>Stored similarities, and what the reference selects by them.</summary>
    private static IEnumerable<(JsonNode Similarity, JsonObject Selections)> Selections(JsonNode golden)
    {
        foreach (var (_, selections) in golden["selections"]!.AsObject()) yield return (golden, selections!.AsObject());
        foreach (var (_, selections) in golden["selections_without_first_position"]!.AsObject())
            yield return (golden["without_first_position"]!, selections!.AsObject());
        foreach (var (key, domains) in golden.AsObject().Where(entry => entry.Key.StartsWith("selections_by_domain", StringComparison.Ordinal)))
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
