using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>
/// One weight that is no number: the command stops, says where the values were first none, and leaves no artefact behind.
/// </summary>
public sealed class NanWeightsTests : IDisposable
{
    private const string Weight = "model.language_model.layers.8.mlp.down_proj.weight";

    private static readonly byte[] NaN = [0xC0, 0x7F], Infinity = [0x80, 0x7F];   // in bf16, little-endian

    private readonly ModelCopy _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("fp32")]
    [InlineData("bf16")]
    public void Generate_says_nothing_and_names_layer_and_weight(string type)
    {
        _model.Poke(Weight, 5, NaN);
        string refusal = CommandRun.Of("generate", _model.Folder, "What is this?", "--dtype", type).Refusal();
        Assert.Contains("logits are no numbers", refusal);
        Assert.Contains("layer 8", refusal);
        Assert.Contains(Weight, refusal);
    }

    [Fact]
    public void Sampling_is_no_way_around_it()
    {
        _model.Poke(Weight, 5, NaN);
        Assert.Contains(Weight, CommandRun.Of("generate", _model.Folder, "What is this?", "--sampling", "qwen").Refusal());
    }

    [Theory]
    [InlineData("model.language_model.layers.3.self_attn.q_norm.weight", "layer 3")]
    [InlineData("model.language_model.norm.weight", "final norm")]
    [InlineData("lm_head.weight", "output head")]
    public void Infinities_are_none_either(string weight, string place)
    {
        _model.Poke(weight, 0, Infinity);
        string refusal = CommandRun.Of("generate", _model.Folder, "Hi", "--dtype", "fp32").Refusal();
        Assert.Contains(place, refusal);
        Assert.Contains(weight, refusal);
    }

    [Fact]
    public void A_vision_tower_that_gives_none_is_named()
    {
        _model.Poke("model.visual.blocks.2.mlp.linear_fc1.bias", 0, NaN);
        string refusal = CommandRun.Of("evaluate", _model.Folder, "--benchmarks", Path.Combine(ModelCopy.Demo, "benchmarks"), "--only",
            "TinyPOPE", "--limit", "2", "--dtype", "fp32", "--quiet", "--out", _model.At("out")).Refusal();
        Assert.Contains("vision.blocks.2.output", refusal);
        Assert.Contains("model.visual.blocks.2.mlp.linear_fc1.bias", refusal);
        Assert.False(File.Exists(_model.At("out", "scores.json")));
        Assert.False(Path.Exists(_model.At("out", "outcomes.jsonl")));
    }

    [Fact]
    public void Weights_that_are_numbers_and_too_large_together_are_told_from_damaged_ones()
    {
        // the largest number of bf16
        for (int i = 0; i < 88; i++) _model.Poke("model.language_model.layers.6.mlp.up_proj.weight", i, [0x7F, 0x7F]);
        string refusal = CommandRun.Of("generate", _model.Folder, "Hi", "--dtype", "bf16").Refusal();
        Assert.Contains("layer 6, whose weights are numbers", refusal);
        Assert.Contains("fp32", refusal);
    }

    [Fact]
    public void Calibrate_and_what_follows_from_it_stop()
    {
        _model.Poke(Weight, 5, NaN);
        string refusal = CommandRun.Of("calibrate", _model.Folder, "--data", Path.Combine(ModelCopy.Demo, "finevision"), "--rate", "0.1",
            "--dtype", "fp32", "--out", _model.At("run")).Refusal();
        Assert.Contains("similarities are no numbers", refusal);
        Assert.Contains("layer 8", refusal);
        Assert.False(Path.Exists(_model.At("run")));
    }

    [Fact]
    public void Verify_finds_it_in_the_weights_themselves()
    {
        string pruned = _model.Prune();
        // a tuned layer, which may differ from the parent's
        _model.Poke("model.language_model.layers.4.mlp.down_proj.weight", 7, NaN, pruned);
        var run = CommandRun.Of("verify", pruned, "--parent", _model.Folder, "--structure-only", "--json");
        Assert.Equal(2, run.Code);
        var check = run.Json()["checks"]!.AsArray().Single(found => (string)found!["name"]! == "numbers")!;
        Assert.False((bool)check["passed"]!);
        Assert.Contains("layers.4.mlp.down_proj.weight is no number (NaN or infinite) at element 7", (string)check["detail"]!);
    }
}
