using System.Text.Json.Nodes;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Tests.Checkpoints;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;

namespace Interlace.Tests.Pruning;

public class LayerRemovalTests
{
    /// <summary>Every pruned golden of Qwen3-VL as <c>checkpoint/variant</c>.</summary>
    public static TheoryData<string> Goldens() => [.. PrunedGoldens()];

    public static TheoryData<string> Families() => [.. GoldenFamilies.Names()];

    public static TheoryData<string> NewerLayouts() =>
        [.. Shared.FoldersWith("config.json", "fixtures", "qwen3vl", "transformers5-layout")
            .Where(name => PrunedGoldens().Any(id => id.StartsWith(name + "/", StringComparison.Ordinal)))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Goldens)), Trait("Category", "Golden")]
    public void The_pruned_folder_has_the_reference_s_counts_and_the_parent_s_bytes(string id)
    {
        using var scratch = new ScratchFolder();
        var (model, golden) = Golden(id);
        var plan = PlanOf(golden);
        var result = LayerRemoval.Prune(model, plan, scratch.At("pruned"));
        Assert.Equal((golden["num_hidden_layers"]!.GetValue<int>(), golden["tensor_count"]!.GetValue<int>(), golden["parameters"]!.GetValue<long>()), (result.LayerCount, result.TensorCount, result.Parameters));

        using Checkpoint parent = Checkpoint.Open(model), child = Checkpoint.Open(scratch.At("pruned"));
        Assert.Equal(golden["tensor_count"]!.GetValue<int>(), child.Names.Count);
        Assert.Equal(parent.Files.Count, child.Files.Count);
        Assert.Equal(golden["num_hidden_layers"]!.GetValue<int>(), child.Config["text_config"]!["num_hidden_layers"]!.GetValue<int>());
        Assert.Equal(plan.Kept.Length, DecoderLayout.Of(child).LayerCount);
        foreach (string name in child.Names) AssertSame(parent, Origin(name, "model.language_model.layers.", plan), child, name);
        Assert.Equal(["config.json", "interlace.json", "plan.json"], OtherThanIn(scratch.At("pruned"), model).Where(name => !name.StartsWith("model")));
        AssertOneLineDiffers(Path.Combine(model, "config.json"), scratch.At("pruned", "config.json"));
        Assert.Equal(PlanFile.ToJson(plan), File.ReadAllText(scratch.At("pruned", "plan.json")));
        Assert.All(Verification.Structure(scratch.At("pruned"), model), check => Assert.True(check.Passed, check.Detail));
        Assert.Equal(["pruned"], scratch.Entries());
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Every_family_is_pruned_as_its_golden_says(string family)
    {
        using var scratch = new ScratchFolder();
        string model = Shared.At("fixtures", "families", family, "checkpoint");
        var golden = Shared.Json("fixtures", "families", family, "pruned", "golden.json");
        int[] dropped = GoldenPlans.Integers(golden["dropped_layers"]);
        LayerRemoval.Prune(model, PruningPlan.Create(golden["kept_layers"]!.AsArray().Count + dropped.Length, dropped, []), scratch.At("pruned"));
        using Checkpoint parent = Checkpoint.Open(model), child = Checkpoint.Open(scratch.At("pruned"));
        var origins = golden["tensor_from"]!.AsObject();
        Assert.Equal(origins.Select(pair => pair.Key).Order(StringComparer.Ordinal), child.Names.Order(StringComparer.Ordinal));
        foreach (var (name, origin) in origins) AssertSame(parent, origin!.GetValue<string>(), child, name);
        Assert.Equal(File.ReadAllText(Shared.At("fixtures", "families", family, "pruned", "config.json")), File.ReadAllText(scratch.At("pruned", "config.json")));
        Assert.All(Verification.Structure(scratch.At("pruned"), model), check => Assert.True(check.Passed, check.Detail));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(NewerLayouts)), Trait("Category", "Golden")]
    public void The_newer_file_layout_is_pruned_too(string name)
    {
        using var scratch = new ScratchFolder();
        string model = scratch.Copy(Shared.Require("fixtures", "qwen3vl", "transformers5-layout", name), "model");
        foreach (string file in Directory.EnumerateFiles(Shared.Require("fixtures", "qwen3vl", name), "model*")) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        var plan = PlanOf(Golden(PrunedGoldens().First(id => id.StartsWith(name + "/", StringComparison.Ordinal))).Golden);
        LayerRemoval.Prune(model, plan, scratch.At("pruned"));
        AssertOneLineDiffers(Path.Combine(model, "config.json"), scratch.At("pruned", "config.json"));
        Assert.True(File.Exists(scratch.At("pruned", "processor_config.json")) && File.Exists(scratch.At("pruned", "chat_template.jinja")));
        Assert.All(Verification.Structure(scratch.At("pruned"), model), check => Assert.True(check.Passed, check.Detail));
    }

    [Fact]
    public void The_same_plan_gives_the_same_bytes_and_a_pruned_model_can_be_pruned_again()
    {
        using var scratch = new ScratchFolder();
        string model = TinyCheckpoints.Untied;
        var plan = PruningPlan.Create(36, [.. Enumerable.Range(10, 14)], [9]);   // a whole shard's layers
        LayerRemoval.Prune(model, plan, scratch.At("a"));
        LayerRemoval.Prune(model, plan, scratch.At("b"));
        Assert.Empty(OtherThanIn(scratch.At("a"), scratch.At("b")));

        LayerRemoval.Prune(scratch.At("a"), PruningPlan.Create(22, [0, 21], []), scratch.At("again"));
        Assert.All(Verification.Structure(scratch.At("again"), scratch.At("a")), check => Assert.True(check.Passed, check.Detail));
        var record = StrictJson.ReadObject(scratch.At("again", "interlace.json"));
        Assert.Equal(22, record["parent_layers"]!.GetValue<int>());
        Assert.Equal(36, record["parent_record"]!["parent_layers"]!.GetValue<int>());
    }

    /// <summary>Programs that prune write the count at the top level of config.json too, which no reader looks at.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]   // left behind by a program that knows the other place alone
    public void A_count_at_the_top_level_too_never_counts_and_is_rewritten(int wrong)
    {
        using var scratch = new ScratchFolder();
        string model = scratch.Copy(TinyCheckpoints.Tied, "model");
        CountTwice(model, 12 + wrong);
        AssertPrunedWithBothCounts(model, 12, scratch);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void A_count_at_the_top_level_too_is_rewritten_in_every_family(string family)
    {
        using var scratch = new ScratchFolder();
        string model = scratch.Copy(Shared.At("fixtures", "families", family, "checkpoint"), "model");
        int layers;
        using (var checkpoint = Checkpoint.Open(model))
        {
            if (checkpoint.Config["text_config"] is null) return;
            layers = DecoderLayout.Of(checkpoint).LayerCount;
        }
        CountTwice(model, layers + 1);
        AssertPrunedWithBothCounts(model, layers, scratch);
    }

    private static void CountTwice(string model, int count)
    {
        string path = Path.Combine(model, "config.json");
        var config = StrictJson.ReadObject(path);
        config["num_hidden_layers"] = count;
        File.WriteAllText(path, config.ToJsonString());
    }

    private static void AssertPrunedWithBothCounts(string model, int layers, ScratchFolder scratch)
    {
        using (var checkpoint = Checkpoint.Open(model)) Assert.Equal(layers, ModelSummary.Of(checkpoint).LayerCount);
        LayerRemoval.Prune(model, PruningPlan.Create(layers, [4, layers - 1], []), scratch.At("pruned"));
        var config = StrictJson.ReadObject(scratch.At("pruned", "config.json"));
        Assert.Equal((layers - 2, layers - 2), ((int)config["num_hidden_layers"]!, (int)config["text_config"]!["num_hidden_layers"]!));
        Assert.All(Verification.Structure(scratch.At("pruned"), model), check => Assert.True(check.Passed, check.Detail));
        if (FamilyTable.Find(config) is not { Parts: not null }) return;
        using var loaded = LoadedModel.Open(scratch.At("pruned"), TorchSharp.torch.CPU, TorchSharp.torch.ScalarType.Float32);
        Assert.Equal(layers - 2, loaded.Model.Layers.Count);
    }

    [Fact]
    public void Scores_lead_to_a_plan_for_this_model_only()
    {
        using var scratch = new ScratchFolder();
        string model = TinyCheckpoints.Tied;
        using var parent = Checkpoint.Open(model);
        var scores = new Evidence(12) { LayerSimilarity = new double[12], TripletSimilarity = new double[10], ProtectedLayers = DecoderLayout.Of(parent).AddedLevels };
        Assert.Equal(3, scores.ProtectedLayers);
        var plan = Methods.Plan("interlace", scores, 0.25, model: ModelIdentity.Of(parent));
        LayerRemoval.Prune(model, plan, scratch.At("pruned"));

        string other = scratch.Copy(model, "other");
        File.AppendAllText(Path.Combine(other, "config.json"), " ");
        Assert.Contains("made for another model", Assert.Throws<PlanException>(() => LayerRemoval.Prune(other, plan, scratch.At("x"))).Message);
        Assert.Contains("12 decoder layers",
            Assert.Throws<PlanException>(() => LayerRemoval.Prune(TinyCheckpoints.Untied, plan, scratch.At("x"))).Message);
    }

    [Fact]
    public void Damaged_models_and_taken_or_full_places_are_refused_and_nothing_is_left()
    {
        using var scratch = new ScratchFolder();
        var plan = PruningPlan.Create(36, [3, 4], []);
        string source = TinyCheckpoints.Untied, model = scratch.Copy(source, "model");

        Refused("is missing", () => File.Delete(Path.Combine(model, "model-00002-of-00003.safetensors")), "model-00002-of-00003.safetensors");
        Refused("truncated", () => File.WriteAllBytes(Path.Combine(model, "model-00002-of-00003.safetensors"), File.ReadAllBytes(Path.Combine(source, "model-00002-of-00003.safetensors"))[..^100]), "model-00002-of-00003.safetensors");
        Refused("config.json", () => File.Delete(Path.Combine(model, "config.json")), "config.json");
        Refused("needs 7 MB, but its disk has 4 MB free", () => { }, "config.json", new(FreeBytes: _ => 4_000_000));
        Directory.CreateDirectory(scratch.At("pruned"));
        File.WriteAllText(scratch.At("pruned", "mine"), "");
        Assert.Contains("is not empty", Assert.Throws<InputException>(() => LayerRemoval.Prune(model, plan, scratch.At("pruned"))).Message);
        Assert.Contains("did not make",
            Assert.Throws<InputException>(() => LayerRemoval.Prune(model, plan, scratch.At("pruned"), new(Overwrite: true))).Message);
        File.Delete(scratch.At("pruned", "mine"));
        LayerRemoval.Prune(model, plan, scratch.At("pruned"));
        LayerRemoval.Prune(model, PruningPlan.Create(36, [5], []), scratch.At("pruned"), new(Overwrite: true));
        Assert.Equal(1, PrunedModelFile.Load(scratch.At("pruned")).ParentLayers - PrunedModelFile.Load(scratch.At("pruned")).KeptLayers.Length);
        foreach (string place in new[] { model, Path.Combine(model, "inside"), scratch.At() })
            Assert.Contains("this command",
                Assert.Throws<InputException>(() => LayerRemoval.Prune(model, plan, place, new(Overwrite: true))).Message);
        Assert.Equal(["model", "pruned"], scratch.Entries());

        void Refused(string message, Action damage, string damaged, LayerRemovalOptions? options = null)
        {
            damage();
            string text = Assert.Throws<InputException>(() => LayerRemoval.Prune(model, plan, scratch.At("pruned"), options)).Message;
            Assert.Contains(message, text);
            Assert.Equal(["model"], scratch.Entries());
            File.WriteAllBytes(Path.Combine(model, damaged), File.ReadAllBytes(Path.Combine(source, damaged)));
        }
    }

    [Fact]
    public void A_folder_of_links_is_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        using var scratch = new ScratchFolder();
        string source = TinyCheckpoints.Untied;
        Directory.CreateDirectory(scratch.At("model"));
        foreach (string file in Directory.EnumerateFiles(source)) File.CreateSymbolicLink(scratch.At("model", Path.GetFileName(file)), file);
        LayerRemoval.Prune(scratch.At("model"), PruningPlan.Create(36, [3], []), scratch.At("linked"));
        LayerRemoval.Prune(source, PruningPlan.Create(36, [3], []), scratch.At("direct"));
        Assert.Empty(OtherThanIn(scratch.At("linked"), scratch.At("direct")));
        Assert.All(Directory.EnumerateFiles(scratch.At("linked")), file => Assert.Null(new FileInfo(file).LinkTarget));
    }

    [Fact]
    public void Cancelling_leaves_nothing_behind()
    {
        using var scratch = new ScratchFolder();
        using var cancel = new CancellationTokenSource();
        var progress = new Trigger(cancel);
        Assert.Throws<OperationCanceledException>(() => LayerRemoval.Prune(TinyCheckpoints.Untied, PruningPlan.Create(36, [3], []),
            scratch.At("pruned"), null, progress, cancel.Token));
        Assert.True(progress.Reports > 0);
        Assert.Empty(scratch.Entries());
    }

    private static IEnumerable<string> PrunedGoldens() => !Directory.Exists(Shared.At("fixtures", "qwen3vl", "pruned")) ? []
        : Directory.EnumerateFiles(Shared.At("fixtures", "qwen3vl", "pruned"), "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)
            .SelectMany(name => Shared.Json("fixtures", "qwen3vl", "pruned", name + ".json")["variants"]!.AsObject().Select(variant => $"{name}/{variant.Key}"));

    private static (string Model, JsonNode Golden) Golden(string id)
    {
        string[] parts = id.Split('/');
        return (Shared.Require("fixtures", "qwen3vl", parts[0]), Shared.Json("fixtures", "qwen3vl", "pruned", parts[0] + ".json")["variants"]![parts[1]]!);
    }

    private static PruningPlan PlanOf(JsonNode golden)
    {
        int[] dropped = GoldenPlans.Integers(golden["plan"]!["dropped"]);
        return PruningPlan.Create(golden["num_hidden_layers"]!.GetValue<int>() + dropped.Length, dropped, GoldenPlans.Integers(golden["plan"]!["tuned"]));
    }

    private static string Origin(string name, string prefix, PruningPlan plan)
    {
        if (!name.StartsWith(prefix)) return name;
        string[] parts = name[prefix.Length..].Split('.', 2);
        return $"{prefix}{plan.Kept[int.Parse(parts[0])]}.{parts[1]}";
    }

    private static void AssertSame(Checkpoint parent, string origin, Checkpoint child, string name)
    {
        var (fromFile, from) = parent.Find(origin);
        var (file, entry) = child.Find(name);
        Assert.Equal(from.Shape, entry.Shape);
        Assert.Equal(from.Type, entry.Type);
        Assert.True(fromFile.Bytes(from).SequenceEqual(file.Bytes(entry)), $"{name} is not {origin}");
    }

    /// <summary>Names of the files that the other folder lacks or has with other bytes.</summary>
    private static string[] OtherThanIn(string folder, string other) =>
    [
        .. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Where(name => !File.Exists(Path.Combine(other, name)) || !File.ReadAllBytes(Path.Combine(folder, name)).SequenceEqual(File.ReadAllBytes(Path.Combine(other, name)))).Order(StringComparer.Ordinal)
    ];

    private static void AssertOneLineDiffers(string before, string after)
    {
        string[] old = File.ReadAllText(before).Split('\n'), changed = File.ReadAllText(after).Split('\n');
        Assert.Equal(old.Length, changed.Length);
        Assert.Contains("num_hidden_layers", Assert.Single(changed.Except(old)));
    }

    private sealed class Trigger(CancellationTokenSource cancel) : IProgress<StageProgress>
    {
        public int Reports { get; private set; }

        public void Report(StageProgress value)
        {
            if (++Reports == 20) cancel.Cancel();
        }
    }
}
