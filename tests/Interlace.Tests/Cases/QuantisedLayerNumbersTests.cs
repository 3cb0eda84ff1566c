using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;

namespace Interlace.Tests.Cases;

/// <summary>
/// What a config says of single layers must be true of the same layers after pruning, or the parent is refused with the reason;
/// verify looks at it.
/// </summary>
public sealed class QuantisedLayerNumbersTests : IDisposable
{
    private const string Layers = "model.language_model.layers.";

    // 15 becomes 11, 9 becomes 7, 12 becomes 9
    private static readonly PruningPlan Plan = PruningPlan.Create(16, drop: [2, 7, 10, 13], tune: [3]);

    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_names_of_the_case_are_renumbered_and_nothing_else_changes()
    {
        string shipped = Shared.Require("cases", "quantised-layer-numbers", "config.json");
        File.Copy(shipped, _model.File("config.json"), overwrite: true);
        string before = File.ReadAllText(shipped), after = File.ReadAllText(Path.Combine(Prune(), "config.json"));
        Assert.Equal(before.Replace($"{Layers}15.", $"{Layers}11.", StringComparison.Ordinal)
            .Replace("\"num_hidden_layers\": 16", "\"num_hidden_layers\": 12", StringComparison.Ordinal), after);
    }

    [Theory]
    [InlineData("""{"ignore": ["lm_head", "L9.self_attn.q_proj", "L2.mlp.up_proj", "L15.mlp"]}""", """{"ignore": ["lm_head", "L7.self_attn.q_proj", "L11.mlp"]}""")]
    [InlineData("""{"llm_int8_skip_modules": ["L7.mlp.up_proj", "L10.mlp.up_proj"]}""", """{"llm_int8_skip_modules": []}""")]
    [InlineData("""{"modules_to_not_convert": ["L2.mlp.up_proj", "language_model.model.layers.12.mlp.gate_proj"]}""", """{"modules_to_not_convert": ["language_model.model.layers.9.mlp.gate_proj"]}""")]
    [InlineData("""{"quantized_layers": {"L2.mlp.up_proj": {"bits": 8}, "L3.mlp.up_proj": {"bits": 4}, "L4.mlp.up_proj": {"bits": "8"}}, "bits": 4}""", """{"quantized_layers": {"L2.mlp.up_proj": {"bits": 4}, "L3.mlp.up_proj": {"bits": "8"}}, "bits": 4}""")]
    [InlineData("""{"config_groups": {"group_0": {"targets": ["Linear", "re:.*layers\\.\\d+\\.mlp\\..*"]}}, "ignore": ["re:.*lm_head", "re:visual.*", "down_proj", "model.visual.blocks.2"]}""", null)]
    [InlineData("""{"dynamic": {"-:.*\\.q_proj": {}, "+:.*layers\\.(0|1)\\..*": {"bits": 8}}}""", null)]   // layers 0 and 1 stay what they are
    [InlineData("""{"ignore": ["model.visual.blocks.9.attn.qkv", "visual.layers.9"], "quant_method": "awq", "bits": 4, "version": "0.1"}""", null)]
    public void Names_and_patterns_that_are_certain_are_carried_over(string before, string? after)
    {
        Quantise(before);
        string pruned = Prune();
        Assert.Equal((after ?? before).Replace("\"L", $"\"{Layers}", StringComparison.Ordinal), QuantisationOf(pruned));
        Assert.All(Verification.Structure(pruned, _model.Folder), check => Assert.True(check.Passed, check.Detail));
    }

    [Theory]
    [InlineData("""{"ignore": ["re:.*layers\\.(0|15)\\.mlp.*"]}""", "(0|15)")]
    [InlineData("""{"ignore": ["re:.*\\.9\\.self_attn.*"]}""", "9")]
    [InlineData("""{"ignore": ["*.layers.9.*"]}""", "*.layers.9.*")]
    [InlineData("""{"ignore": ["re:.*layers\\.1[0-5].*"]}""", "1[0-5]")]
    [InlineData("""{"ignore": ["L1"]}""", "layers.1'")]   // the beginning of 10 to 15 as well, for some programs
    [InlineData("""{"skip_layers": [0, 15]}""", "skip_layers")]
    [InlineData("""{"layer_bits": {"0": 8, "15": 8}}""", "layer_bits")]
    public void What_cannot_be_told_is_refused(string quantisation, string named)
    {
        Quantise(quantisation);
        var refused = Assert.Throws<InputException>(Prune);
        Assert.Contains(named, refused.Message);
        Assert.False(Path.Exists(_model.At("pruned")));
    }

    [Fact]
    public void A_list_of_layers_by_number_anywhere_in_the_decoder_s_config_is_refused()
    {
        _model.Edit("config.json", config => config["text_config"]!["mlp_only_layers"] = new JsonArray(3, 4));
        Assert.Contains("text_config.mlp_only_layers", Assert.Throws<InputException>(Prune).Message);
        _model.Edit("config.json", config => config["text_config"]!["mlp_only_layers"] = new JsonArray());
        _model.Edit("config.json", config => config["vision_feature_layer"] = new JsonArray(-2, -5));
        Prune();
    }

    [Theory]
    [InlineData("quantize_config.json", """{"bits": 4, "dynamic": {"-:model\\.language_model\\.layers\\.15\\..*": {}}}""")]
    [InlineData("hf_quant_config.json", """{"quantization": {"exclude_modules": ["model.language_model.layers.15.mlp.up_proj"]}}""")]
    public void Files_that_say_it_beside_the_config_are_refused(string file, string json)
    {
        File.WriteAllText(_model.File(file), json);
        string plan = _model.At("plan.json");
        PlanFile.Save(Plan, plan);
        Assert.Contains(file, CommandRun.Of("prune", _model.Folder, "--plan", plan, "--out", _model.At("pruned")).Refusal());
        File.WriteAllText(_model.File(file), """{"bits": 4, "exclude_modules": ["lm_head"]}""");
        Assert.True(File.Exists(Path.Combine(Prune(), file)));
    }

    [Fact]
    public void Verify_finds_names_that_were_left_as_they_were()
    {
        Quantise("""{"ignore": ["L15.mlp.up_proj"]}""");
        string pruned = Prune(), config = Path.Combine(pruned, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace($"{Layers}11.", $"{Layers}15.", StringComparison.Ordinal));
        Assert.Equal("config", Assert.Single(Verification.Structure(pruned, _model.Folder), check => !check.Passed).Name);
    }

    private string Prune() => LayerRemoval.Prune(_model.Folder, Plan, _model.At("pruned"), new(Overwrite: true)).Folder;

    /// <summary>Puts a section into the config as text; L stands for the names of decoder layers.</summary>
    private void Quantise(string json)
    {
        string config = File.ReadAllText(Path.Combine(ModelCopy.Original, "config.json"));
        File.WriteAllText(_model.File("config.json"),
            "{\"quantization_config\": " + json.Replace("\"L", $"\"{Layers}",
            StringComparison.Ordinal) + "," + config[(config.IndexOf('{', StringComparison.Ordinal) + 1)..]);
    }

    private static string QuantisationOf(string folder)
    {
        string config = File.ReadAllText(Path.Combine(folder, "config.json"));
        int start = config.IndexOf(": ", StringComparison.Ordinal) + 2;
        return config[start..config.IndexOf(",\n", start, StringComparison.Ordinal)];
    }
}
