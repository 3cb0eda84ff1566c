using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Families;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Families;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

/// <summary>
/// The decoders of the golden families, written as GGUF files and imported again: the same weights, config, ids and logits.
/// </summary>
[Trait("Category", "Golden")]
public sealed class RoundTripTests : IDisposable
{
    private static readonly string[] Kept =
    [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "rms_norm_eps",
        "rope_theta", "max_position_embeddings", "vocab_size", "bos_token_id", "model_type", "attention_bias",
    ];

    private readonly ScratchFolder _scratch = new();
    private readonly string _file, _target;

    public RoundTripTests() => (_file, _target) = (_scratch.At("x.gguf"), _scratch.At("model"));

    public void Dispose() => _scratch.Dispose();

    /// <summary>Families whose decoder a GGUF file can hold, and the name of their pre-tokenizer.</summary>
    public static TheoryData<string, string> Families =>
        [.. from family in FamilyGoldens.Names
            where family is "llama" or "qwen3" or "llava_onevision"
            select (family, family == "llama" ? "llama-bpe" : "qwen2")];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void A_checkpoint_is_the_same_after_the_way_there_and_back(string family, string pre)
    {
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        GgufOfFolder.Create(folder, pre).Save(_file);
        var made = CommandRun.Of("import", _file, "--type", "f32", "--out", _target, "--quiet");
        Assert.True(made.Code == 0, made.Error);

        using var before = Checkpoint.Open(folder);
        using var after = Checkpoint.Open(_target);
        foreach (string name in after.Names)
        {
            string there = before.Contains(name) ? name : $"language_model.{name}";
            Assert.Equal(Values(before, there), Values(after, name));
        }
        JsonObject config = before.Config["text_config"] as JsonObject ?? before.Config;
        foreach (string key in Kept.Where(config.ContainsKey))
            if (after.Config.ContainsKey(key) || key != "attention_bias") Same(key, config[key], after.Config[key]);
        foreach (var (key, value) in config["rope_scaling"] as JsonObject ?? []) Same(key, value, after.Config["rope_scaling"]![key]);
        Assert.Equal(config["rope_scaling"] is null, after.Config["rope_scaling"] is null);
        Assert.Equal((bool)config["tie_word_embeddings"]!, (bool)after.Config["tie_word_embeddings"]!);

        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var original = FamilyGoldens.Open(folder);
        using var imported = LoadedModel.Open(_target, CPU, ScalarType.Float32);
        foreach (string text in (string[])["Two plus two is 4, and 12 times 345 is 4140.",
            "  été\n\n<|im_end|> it's", "\u0301x  12 ١٢", ""])
            foreach (bool special in (bool[])[false, true])
                Assert.Equal(original.Processor.Tokenizer.Encode(text, special), imported.Processor.Tokenizer.Encode(text, special));
        var sample = ImportedModels.Sample(original.Processor.Tokenizer.Encode("The lighthouse keeper climbed the stairs every evening."));
        using Trace expected = Trace.Of(original.Model, sample), own = Trace.Of(imported.Model, sample);
        Assert.Equal([.. expected.Tensors["logits"].data<float>()], (float[])[.. own.Tensors["logits"].data<float>()]);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void Quantised_weights_are_as_near_as_their_steps_allow_and_the_model_is_pruned_and_verified(string family, string pre)
    {
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        GgufOfFolder.Create(folder, pre, quantised: true).Save(_file);
        var made = CommandRun.Of("import", _file, "--type", "f32", "--out", _target, "--json");
        Assert.True(made.Code == 0, made.Error);
        Assert.Contains("8-bit integers (Q8_0)", (string)made.Json()["note"]!, StringComparison.Ordinal);

        using var before = Checkpoint.Open(folder);
        using (var after = Checkpoint.Open(_target))
            foreach (string name in after.Names)
            {
                float[] exact = Values(before, before.Contains(name) ? name : $"language_model.{name}"), own = Values(after, name);
                for (int i = 0; i < exact.Length; i++)
                {
                    // Half a step of the block, and what rounding its scale to half precision adds.
                    float largest = exact[(i / 32 * 32)..Math.Min(exact.Length, i / 32 * 32 + 32)].Max(MathF.Abs);
                    Assert.InRange(Math.Abs(own[i] - exact[i]), 0, largest / 127 * 0.51f + largest / 2000);
                }
            }

        int layers = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(_target, "config.json")))!["num_hidden_layers"]!;
        string plan = _scratch.At("plan.json"), pruned = _scratch.At("pruned");
        PlanFile.Save(PruningPlan.Create(layers, drop: [1], tune: [2]), plan);
        Assert.Equal(0, CommandRun.Of("prune", _target, "--plan", plan, "--out", pruned, "--quiet").Code);
        Assert.Equal(0, CommandRun.Of("verify", pruned, "--parent", _target, "--device", "cpu", "--quiet").Code);
    }

    /// <summary>The exporter against the writer above, which knows nothing of it.</summary>
    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families))]
    public void An_exported_file_has_the_tensors_and_keys_that_another_writer_gives(string family, string pre)
    {
        string folder = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        if (FamilyTable.Find(StrictJson.ReadObject(Path.Combine(folder, "config.json"))) is not { Gguf: not null }) return;
        var expected = GgufOfFolder.Create(folder, pre);
        var made = CommandRun.Of("export", folder, "--type", "f32", "--name", "x", "--out", _scratch.At("gguf"), "--quiet");
        Assert.True(made.Code == 0, made.Error);
        using var own = GgufFile.Open(_scratch.At("gguf", "x-f32.gguf"));
        Assert.Equal(expected.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal),
            own.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in own.Tensors)
        {
            var other = expected.Tensors.Single(found => found.Name == tensor.Name);
            Assert.Equal(other.Shape, tensor.Shape);
            if (tensor.Name != "rope_freqs.weight") Assert.Equal(other.Bytes, own.Bytes(tensor, 0, (int)tensor.Bytes).ToArray());
        }
        // Of several tokens that end an answer the other writer takes the first, the exporter the tokenizer's own;
        // and it takes tokens for marks by their form too, as the converter does.
        string[] both = [.. expected.Keys.Select(entry => entry.Key)
            .Where(key => own.Keys.Has(key) && !key.EndsWith("eos_token_id") && !key.EndsWith("token_type"))];
        foreach (string key in (string[])["block_count", "rope.freq_base", "attention.head_count_kv"])
            Assert.Contains($"{family}.{key}", both);
        foreach (string key in both)
            Assert.True(own.Keys.Has(new GgufEntry(key, expected.Keys.Single(entry => entry.Key == key).Value)), key);

        made = CommandRun.Of("import", _scratch.At("gguf", "x-f32.gguf"), "--type", "f32", "--out", _target, "--quiet");
        Assert.True(made.Code == 0, made.Error);
        using var before = Checkpoint.Open(folder);
        using var after = Checkpoint.Open(_target);
        Assert.All(after.Names, name => Assert.Equal(Values(before, name), Values(after, name)));
        foreach (var (key, value) in before.Config["rope_scaling"] as JsonObject ?? [])
            Same(key, value, after.Config["rope_scaling"]![key]);
        Assert.Equal(before.Config["rope_scaling"] is null, after.Config["rope_scaling"] is null);
    }

    private static void Same(string key, JsonNode? expected, JsonNode? own) =>
        Assert.True(expected is JsonValue value && value.TryGetValue(out double number)
            ? number == (double)own! : JsonNode.DeepEquals(expected, own), $"{key}: {expected} and {own}");

    private static float[] Values(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        using Tensor tensor = ParameterSources.Load(file, entry, CPU).to(ScalarType.Float32);
        return [.. tensor.data<float>()];
    }
}
