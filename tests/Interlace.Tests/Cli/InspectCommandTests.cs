using System.Text.Json.Nodes;
using Interlace.Cli;
using Interlace.Pruning;
using Interlace.Tests.Qwen3VL;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Cli;

public sealed class InspectCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Checkpoints => [.. Goldens.Checkpoints];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints))]
    public void A_model_is_counted_by_its_parts(string name)
    {
        string folder = Goldens.PathOf(name);
        JsonNode config = Shared.Json("fixtures/qwen3vl", name, "config.json"), shown = CommandRun.Of("inspect", folder, "--json").Json();
        int layers = config["text_config"]!["num_hidden_layers"]!.GetValue<int>(), hidden = config["text_config"]!["hidden_size"]!.GetValue<int>();
        Assert.Equal("model", (string)shown["kind"]!);
        Assert.Equal(layers, (int)shown["layers"]!);
        Assert.Equal(config["vision_config"]!["deepstack_visual_indexes"]!.AsArray().Count, (int)shown["deepstack_levels"]!);
        Assert.Equal(config["tie_word_embeddings"]!.GetValue<bool>(), (bool)shown["tied_head"]!);
        Assert.Equal(config["text_config"]!["vocab_size"]!.GetValue<long>() * hidden, (long)shown["parts"]!["embeddings"]!["parameters"]!);
        Assert.Equal(hidden, (long)shown["parts"]!["other"]!["parameters"]!);   // the final norm
        using var checkpoint = Checkpoint.Open(folder);
        Assert.Equal(checkpoint.Files.Sum(file => file.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (a, b) => a * b))), (long)shown["parameters"]!);
        Assert.Equal((long)shown["parameters"]!, shown["parts"]!.AsObject().Sum(part => (long)part.Value!["parameters"]!));

        string table = CommandRun.Of("inspect", folder).Out;
        Assert.Contains($"{layers} layers, hidden size {hidden}", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_is_drawn_as_a_row_of_layers_in_both_numberings()
    {
        string path = _scratch.At("plan.json");
        PlanFile.Save(PruningPlan.Create(8, drop: [2, 5], tune: [1, 6]), path);
        string[] lines = CommandRun.Of("inspect", path).Out.Split('\n');
        int numbers = Array.FindIndex(lines, line => line.Trim() == "0  1  2  3  4  5  6  7");
        Assert.Equal("  ·  ●  ×  ·  ·  ×  ●  ·", lines[numbers + 1]);
        string[] tuned = lines.Single(line => line.Trim().StartsWith("tune ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["tune", "2", "1", "6", "1", "4"], tuned);
        Assert.Equal([2, 5], Goldens.Ints(CommandRun.Of("inspect", path, "--json").Json()["drop"]!["original"]!));
    }

    [Fact]
    public void A_run_folder_tells_which_stages_are_done()
    {
        string folder = _scratch.At("run");
        OutFolder.Open(folder, "run", new Experiment(Seed: 2), force: false);
        PlanFile.Save(PruningPlan.Create(4, drop: [1], tune: [2]), Path.Combine(folder, "plan.json"));
        JsonNode shown = CommandRun.Of("inspect", folder, "--json").Json();
        Assert.Equal(("run", "run"), ((string)shown["kind"]!, (string)shown["command"]!));
        Assert.Equal(["plan"], shown["stages"]!.AsArray().Where(stage => (bool)stage!["done"]!).Select(stage => (string)stage!["name"]!));
        Assert.Contains("done", CommandRun.Of("inspect", folder).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pruned_model_folder_shows_its_plan()
    {
        string folder = _scratch.Copy(Shared.Require("fixtures/qwen3vl/tiny-tied"), "model");
        PlanFile.Save(PruningPlan.Create(15, drop: [3, 5, 9], tune: [2]), Path.Combine(folder, "plan.json"));
        Assert.Contains("●", CommandRun.Of("inspect", folder).Out, StringComparison.Ordinal);
        Assert.Equal([3, 5, 9], Goldens.Ints(CommandRun.Of("inspect", folder, "--json").Json()["plan"]!["drop"]!["original"]!));
    }

    [Fact]
    public void What_is_absent_or_of_no_kind_is_refused()
    {
        Assert.Contains("no file or folder", CommandRun.Of("inspect", _scratch.At("none")).Refusal(), StringComparison.Ordinal);
        Directory.CreateDirectory(_scratch.At("empty"));
        Assert.Contains("neither a model", CommandRun.Of("inspect", _scratch.At("empty")).Refusal(), StringComparison.Ordinal);
        File.WriteAllText(_scratch.At("notes.json"), """{"format": "shopping-list/1"}""");
        Assert.Contains("shopping-list/1", CommandRun.Of("inspect", _scratch.At("notes.json")).Refusal(), StringComparison.Ordinal);
        File.WriteAllText(_scratch.At("plan.json"), """{"format": "interlace-plan/1", "drop": 3}""");
        Assert.Contains("no valid plan", CommandRun.Of("inspect", _scratch.At("plan.json")).Refusal(), StringComparison.Ordinal);
        File.WriteAllText(_scratch.At("x.txt"), "hello");
        Assert.Contains("no kind", CommandRun.Of("inspect", _scratch.At("x.txt")).Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_model_folder_is_refused_with_the_file_at_fault()
    {
        string source = Shared.Require("fixtures/qwen3vl/tiny-tied");
        string Damaged(string name, Action<string> damage)
        {
            string folder = _scratch.Copy(source, name);
            damage(folder);
            return CommandRun.Of("inspect", folder).Refusal();
        }
        Assert.Contains("model.safetensors", Damaged("without weights", folder => File.Delete(Path.Combine(folder, "model.safetensors"))), StringComparison.Ordinal);
        Assert.Contains("truncated", Damaged("truncated", folder =>
        {
            using var file = File.OpenWrite(Path.Combine(folder, "model.safetensors"));
            file.SetLength(file.Length - 1000);
        }), StringComparison.Ordinal);
        Assert.Contains("a.safetensors", Damaged("without a shard", folder =>
            File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), """{"weight_map": {"lm_head.weight": "a.safetensors"}}""")), StringComparison.Ordinal);
        Assert.Contains("JSON", Damaged("broken config", folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{")), StringComparison.Ordinal);
        Assert.Contains("'bert'", Damaged("other family", folder => File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type": "bert"}""")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_safetensors_file_is_listed()
    {
        string path = _scratch.At("x.safetensors");
        SafeTensorsWriter.Write(path, [TensorSource.FromBytes("a", ElementType.F32, [2, 3], new byte[24])]);
        JsonNode tensor = Assert.Single(CommandRun.Of("inspect", path, "--json").Json()["tensors"]!.AsArray())!;
        Assert.Equal(("a", "F32", 24L), ((string)tensor["name"]!, (string)tensor["type"]!, (long)tensor["bytes"]!));
        Assert.Contains("2 x 3", CommandRun.Of("inspect", path).Out, StringComparison.Ordinal);
    }
}
