using System.Text;
using System.Text.Json.Nodes;
using Interlace.Tests.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families.Qwen3VLMoe;

namespace Interlace.Tests.Checkpoints;

public class DecoderLayoutTests
{
    public static TheoryData<string> Families() => [.. GoldenFamilies.Names()];

    public static TheoryData<string> OtherFamilies() => [.. GoldenFamilies.Unknown()];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void The_decoder_of_every_family_is_found_under_its_prefix(string family)
    {
        using var checkpoint = Checkpoint.Open(Shared.At("fixtures", "families", family, "checkpoint"));
        var layout = DecoderLayout.Of(checkpoint);
        var golden = Shared.Json("fixtures", "families", family, "golden.json");
        Assert.Equal(golden["decoder_prefix_hub"]!.GetValue<string>() + "layers.", layout.Prefix);
        Assert.Equal(golden["cases"]!.AsObject().First().Value!["similarity"]!["layer"]!["all"]!.AsArray().Count, layout.LayerCount);
        Assert.Equal((checkpoint.Config["vision_config"]?["deepstack_visual_indexes"] as JsonArray)?.Count ?? 0, layout.AddedLevels);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void The_config_after_dropping_layers_is_the_reference_s_byte_for_byte_in_both_layouts(string family)
    {
        using var checkpoint = Checkpoint.Open(Shared.At("fixtures", "families", family, "checkpoint"));
        int[] kept = GoldenPlans.Integers(Shared.Json("fixtures", "families", family, "pruned", "golden.json")["kept_layers"]);
        Assert.Equal(Text("pruned", "config.json"), Encoding.UTF8.GetString(DecoderLayout.Of(checkpoint).KeepLayers(Encoding.UTF8.GetBytes(Text("checkpoint", "config.json")), kept)));

        using var scratch = new ScratchFolder();
        scratch.Copy(Shared.At("fixtures", "families", family, "checkpoint"), "v5");
        File.WriteAllText(scratch.At("v5", "config.json"), Text("v5-layout", "config.json"));
        using var newer = Checkpoint.Open(scratch.At("v5"));
        Assert.Equal(Text("pruned", "config.v5.json"), Encoding.UTF8.GetString(DecoderLayout.Of(newer).KeepLayers(File.ReadAllBytes(scratch.At("v5", "config.json")), kept)));

        string Text(string folder, string file) => File.ReadAllText(Shared.At("fixtures", "families", family, folder, file));
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(OtherFamilies)), Trait("Category", "Golden")]
    public void A_family_that_is_not_known_is_refused_by_its_type(string family)
    {
        using var checkpoint = Checkpoint.Open(Shared.At("fixtures", "families", family, "checkpoint"));
        Assert.Contains($"'{checkpoint.Config["model_type"]}'", Assert.Throws<InputException>(() => DecoderLayout.Of(checkpoint)).Message);
    }

    [Theory]
    [InlineData("model.language_model.layers.2.mlp.up_proj.weight", 2)]
    [InlineData("model.language_model.layers.20.mlp.up_proj.weight", 20)]
    [InlineData("model.visual.blocks.2.norm1.weight", null)]
    [InlineData("x.model.language_model.layers.2.mlp.up_proj.weight", null)]
    [InlineData("model.language_model.layers.2", null)]
    [InlineData("model.language_model.layers.+2.a", null)]
    [InlineData("model.language_model.norm.weight", null)]
    public void Layer_numbers_stand_between_delimiters_behind_the_prefix(string tensor, int? expected)
    {
        using var scratch = new ScratchFolder();
        using var checkpoint = Make(scratch, """{"model_type": "qwen3_vl", "text_config": {"num_hidden_layers": 3}}""", "model.language_model.layers.", 3);
        Assert.Equal(expected, DecoderLayout.Of(checkpoint).Parse(tensor)?.Layer);
    }

    [Theory]
    [InlineData("""{"model_type": "qwen3_vl", "text_config": {"num_hidden_layers": 4}}""", "model.language_model.layers.", "config.json has 4 decoder layers, the weights 3")]
    [InlineData("""{"model_type": "qwen3_vl", "text_config": {"num_hidden_layers": 3}}""", "model.layers.", "no decoder layers")]
    [InlineData("""{"model_type": "gpt2"}""", "model.layers.", "'gpt2'")]
    [InlineData("""{"model_type": 5}""", "model.layers.", "known are qwen3_vl")]
    public void An_unknown_or_inconsistent_model_is_refused(string config, string prefix, string message)
    {
        using var scratch = new ScratchFolder();
        using var checkpoint = Make(scratch, config, prefix, 3);
        Assert.Contains(message, Assert.Throws<InputException>(() => DecoderLayout.Of(checkpoint)).Message);
    }

    [Theory]
    [InlineData("""{"model_type": "qwen3", "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1, "num_hidden_layers": 3}""", """["full_attention", "sliding_attention"]""")]
    [InlineData("""{"model_type": "qwen3", "use_sliding_window": true, "sliding_window": null, "max_window_layers": 1, "num_hidden_layers": 3}""", null)]
    [InlineData("""{"model_type": "qwen3", "use_sliding_window": true, "sliding_window": 8, "num_hidden_layers": 3}""", null)]
    [InlineData("""{"model_type": "qwen3", "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1, "layer_types": ["a", "b", "c"]}""", """["a","c"]""")]
    [InlineData("""{"model_type": "llama", "x": 1}""", null)]
    public void Attention_types_are_sliced_or_spelled_out_where_the_index_implies_them(string config, string? expected)
    {
        using var scratch = new ScratchFolder();
        using var checkpoint = Make(scratch, config, "model.layers.", 3);
        var pruned = JsonNode.Parse(DecoderLayout.Of(checkpoint).KeepLayers(Encoding.UTF8.GetBytes(config), [0, 2]))!;
        Assert.Equal(expected?.Replace(" ", ""), pruned["layer_types"]?.ToJsonString());
        Assert.Equal(2, pruned["num_hidden_layers"]!.GetValue<int>());
    }

    public static TheoryData<string> FamiliesWithIndexedKeys() =>
        [.. GoldenFamilies.Names().Where(family => Shared.Json("fixtures", "families", family, "pruned", "golden.json")["index_key_cases"] is not null)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(FamiliesWithIndexedKeys)), Trait("Category", "Golden")]
    public void Layers_without_experts_stay_so_whatever_their_numbers_become(string family)
    {
        foreach (JsonNode? golden in Shared.Json("fixtures", "families", family, "pruned", "golden.json")["index_key_cases"]!.AsArray())
        {
            int layers = (int)golden!["num_hidden_layers"]!;
            int[] kept = [.. Enumerable.Range(0, layers).Except(GoldenPlans.Integers(golden["dropped_layers"]))];
            HashSet<int> Dense(JsonNode keys) => DenseLayers.Of(keys.AsObject(), (int)keys["num_hidden_layers"]!);
            Assert.Equal(GoldenPlans.Integers(golden["dense_layers"]).ToHashSet(), Dense(golden));

            using var scratch = new ScratchFolder();
            JsonObject text = new() { ["num_hidden_layers"] = layers };
            foreach (string key in new[] { "mlp_only_layers", "decoder_sparse_step" }) text[key] = golden[key]!.DeepClone();
            string config = new JsonObject { ["model_type"] = family, ["text_config"] = text }.ToJsonString();
            using var checkpoint = Make(scratch, config, "model.language_model.layers.", layers);
            JsonNode pruned = JsonNode.Parse(DecoderLayout.Of(checkpoint).KeepLayers(Encoding.UTF8.GetBytes(config), kept))!["text_config"]!;
            Assert.Equal(kept.Length, (int)pruned["num_hidden_layers"]!);
            Assert.Equal(Dense(golden["pruned"]!), Dense(pruned));
        }
    }

    [Fact]
    public void A_count_that_stands_twice_is_changed_twice_and_the_vision_encoder_s_never()
    {
        const string config = """{"model_type": "qwen2_5_vl", "num_hidden_layers": 3, "text_config": {"num_hidden_layers": 3}, "vision_config": {"num_hidden_layers": 3, "depth": 3}}""";
        using var scratch = new ScratchFolder();
        using var checkpoint = Make(scratch, config, "model.layers.", 3);
        Assert.Equal("""{"model_type": "qwen2_5_vl", "num_hidden_layers": 2, "text_config": {"num_hidden_layers": 2}, "vision_config": {"num_hidden_layers": 3, "depth": 3}}""",
            Encoding.UTF8.GetString(DecoderLayout.Of(checkpoint).KeepLayers(Encoding.UTF8.GetBytes(config), [0, 2])));
    }

    private static Checkpoint Make(ScratchFolder scratch, string config, string prefix, int layers)
    {
        File.WriteAllText(scratch.At("config.json"), config);
        CheckpointWriter.Write(scratch.At(), [[.. Enumerable.Range(0, layers).Select(layer => TensorSource.FromBytes($"{prefix}{layer}.w", ElementType.U8, [1], new byte[1]))]]);
        return Checkpoint.Open(scratch.At());
    }
}
