using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests.Data;

namespace Interlace.Tests.Cli;

public sealed class PruneCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied, _data, _target;

    public PruneCommandTests()
    {
        (_data, _target) = (_scratch.At("data"), _scratch.At("pruned"));
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 8).Select(i => new TestRow([], [($"What is {i * 37 % 101}?", $"It is {i * 7919 % 1009}.")]))], new());
        PlanFile.Save(PruningPlan.Create(12, drop: [0, 5, 6], tune: [7]), _scratch.At("plan.json"));
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_bridge_is_told_by_the_command_by_its_record_and_by_inspection()
    {
        var made = Prune("--bridge", "--data", _data, "--rate", "1", "--set", "calibrate.fraction=1", "--set", "prune.ridge=0.01", "--set", "prune.max_samples=6", "--json");
        Assert.True(made.Code == 0, made.Error);
        Assert.Contains("Layer 0 is dropped and no layer stays before", made.Error, StringComparison.Ordinal);
        JsonNode bridge = made.Json()["bridge"]!, layer = Assert.Single(bridge["layers"]!.AsArray())!;
        Assert.Equal((4, "[5,6]", 6, 0.01), ((int)layer["layer"]!, layer["dropped"]!.ToJsonString(), (int)bridge["samples"]!, (double)bridge["settings"]!["ridge"]!));
        Assert.True((double)layer["error_after"]! < (double)layer["error_before"]!);
        Assert.True(JsonNode.DeepEquals(bridge, JsonNode.Parse(File.ReadAllText(Path.Combine(_target, PrunedModelFile.Name)))!["bridge"]));
        Assert.True(JsonNode.DeepEquals(bridge, CommandRun.Of("inspect", _target, "--json").Json()["bridge"]));
        string shown = CommandRun.Of("inspect", _target).Out;
        Assert.Matches(@"bridged on\s+6 samples, \d+ tokens, on cpu in fp32, ridge 0\.01", shown);
        Assert.Contains($"{layer["error_before"]!.GetValue<double>():0.0000}", shown, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("verify", _target, "--parent", _model, "--dtype", "fp32", "--device", "cpu").Code);

        Assert.Contains("is not empty", Prune("--bridge", "--data", _data).Refusal(), StringComparison.Ordinal);
        string drawn = Prune("--bridge", "--data", _data, "--rate", "1", "--force").Out;
        Assert.Contains("9 decoder layers", drawn, StringComparison.Ordinal);
        Assert.Contains("bridged on", drawn, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_option_nothing_is_bridged_and_nothing_says_so()
    {
        var made = Prune("--json");
        Assert.Equal((0, null, null), (made.Code, made.Json()["bridge"], CommandRun.Of("inspect", _target, "--json").Json()["bridge"]));
        Assert.DoesNotContain("bridge", File.ReadAllText(Path.Combine(_target, PrunedModelFile.Name)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("No data is named", false)]
    [InlineData("prune.ridge is -1, expected 0 or more", true, "--set", "prune.ridge=-1")]
    [InlineData("prune.max_samples is 0, expected 1 or more", true, "--set", "prune.max_samples=0")]
    [InlineData("expected true or false", true, "--set", "prune.bridge=perhaps")]
    public void Wrong_options_are_refused_and_nothing_is_left(string named, bool data, params string[] options)
    {
        Assert.Contains(named, Prune(["--bridge", .. data ? ["--data", _data] : Array.Empty<string>(), .. options]).Refusal(), StringComparison.Ordinal);
        Assert.Equal(["data", "plan.json"], _scratch.Entries());
    }

    [Fact]
    public void The_data_are_an_input_and_never_the_place_of_the_output()
    {
        var made = CommandRun.Of("prune", _model, "--plan", _scratch.At("plan.json"), "--out", Path.Combine(_data, "set"), "--bridge", "--data", _data, "--force");
        Assert.Contains(_data, made.Refusal(), StringComparison.Ordinal);
        Assert.Equal(["train.parquet"], Directory.EnumerateFileSystemEntries(Path.Combine(_data, "set")).Select(path => Path.GetFileName(path)));
    }

    private CommandRun Prune(params string[] options) =>
        CommandRun.Of(["prune", _model, "--plan", _scratch.At("plan.json"), "--out", _target, "--dtype", "fp32", "--device", "cpu", .. options]);
}
