using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Cli;
using Interlace.Evaluation.Scoring;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Cli;

public sealed class InspectCommandTests : IDisposable
{
    private static readonly ModelIdentity Identity = new("a", "b", new Dictionary<string, long> { ["model.safetensors"] = 1 });

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Checkpoints => [TinyCheckpoints.Tied, TinyCheckpoints.Untied, Evaluation.Demo.Model];

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Checkpoints))]
    public void A_model_is_counted_by_its_parts(string folder)
    {
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!,
            shown = CommandRun.Of("inspect", folder, "--json").Json();
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
    public void A_run_folder_tells_which_models_were_evaluated()
    {
        string folder = _scratch.At("run");
        OutFolder.Open(folder, "run", new Experiment(Seed: 2), force: false);
        File.WriteAllText(_scratch.At("run", "evaluated", "dropped", "scores.json"), "{}");
        Directory.CreateDirectory(_scratch.At("run", "evaluated", "dense", "predictions"));
        JsonNode shown = CommandRun.Of("inspect", folder, "--json").Json();
        Assert.Equal(["evaluated/dense/predictions True", "evaluated/dropped/predictions False", "evaluated/dense/scores.json False",
            "evaluated/dropped/scores.json True"],
            shown["stages"]!.AsArray().Where(stage => (string)stage!["name"]! is "evaluate" or "score")
            .Select(stage => $"{((string)stage!["artefact"]!).Replace('\\', '/')} {(bool)stage["done"]!}"));
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
        string folder = _scratch.Copy(TinyCheckpoints.Tied, "model");
        PlanFile.Save(PruningPlan.Create(15, drop: [3, 5, 9], tune: [2]), Path.Combine(folder, "plan.json"));
        Assert.Contains("●", CommandRun.Of("inspect", folder).Out, StringComparison.Ordinal);
        Assert.Equal([3, 5, 9], Goldens.Ints(CommandRun.Of("inspect", folder, "--json").Json()["plan"]!["drop"]!["original"]!));
    }

    [Fact]
    public void Similarities_stand_in_the_row_of_their_layer()
    {
        string path = _scratch.At("similarity.json");
        Dictionary<string, double[]> Sums(params double[] all) => new() { ["image"] = [.. all.Select(sum => sum * 2)], ["prompt"] = new double[all.Length], ["answer"] = [.. all.Select(sum => sum * 2)] };
        new LayerSimilarity(LayerSimilarity.CurrentFormat, ProgramVersion.CreatedBy, new(1, 1, 3, 5, 100, null, false, 3, 100, "cpu", "fp32"), 0, new(Identity, new(1, 4, "c")),
            4, 1, 2, new Dictionary<string, long> { ["image"] = 2, ["prompt"] = 0, ["answer"] = 2 }, new Dictionary<string, long> { ["too long"] = 3 },
            [new(1, [0.5, 0.25, 0.75, 0.125], [0.1, 0.1, 0.1, 0.1], [0, 0, 0, 0], [0, 0, 0, 0], Sums(0.5, 0.25, 0.75, 0.125)), new(3, [0.375, 0.625], [0.01, 0.02], [0, 0], [0, 0], Sums(0.375, 0.625))]).Save(path);
        string table = CommandRun.Of("inspect", path).Out;
        string[][] rows = [.. table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(row => row is [[>= '0' and <= '9'], ..])];
        Assert.Equal(["0", "0.50000", "0.50000", "0.50000", "0.10000", "0.37500", "0.01000"], rows[0]);   // layer, all, image, answer, error, triplet, error
        Assert.Equal(["3", "0.12500", "0.12500", "0.12500", "0.10000"], rows[3]);
        Assert.Contains("3 too long", table, StringComparison.Ordinal);
        Assert.Equal(4, (int)CommandRun.Of("inspect", path, "--json").Json()["layers"]!);
    }

    [Fact]
    public void Scores_stand_in_the_row_of_their_benchmark()
    {
        string path = _scratch.At("scores.json");
        new ScoresFile(ScoresFile.CurrentFormat, ProgramVersion.CreatedBy, new("limited", 50, "dataset", "2025-11", "none", null, null, "cpu", "fp32"), 0, new(Identity, new Dictionary<string, string>()),
            [new("POPE", "F1", 86.25, [85, 87.5], new Dictionary<string, double>(), 0.01, 0.02, 9000, new Dictionary<string, long>(), null),
             new("Odd", "accuracy", null, null, new Dictionary<string, double>(), null, 0, 0, new Dictionary<string, long>(), "needs a judge")], 86.25).Save(path);
        string table = CommandRun.Of("inspect", path).Out;
        Assert.Matches(@"POPE\s+86\.\d\s+85\.0 - 87\.5\s+F1\s+1\.0 %\s+2\.0 %\s+9000", table);
        Assert.Contains("Odd: needs a judge", table, StringComparison.Ordinal);
        Assert.Equal(86.25, (double)CommandRun.Of("inspect", path, "--json").Json()["average"]!);
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
        string source = TinyCheckpoints.Tied;
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
        {
            File.Delete(Path.Combine(folder, "model.safetensors"));   // beside it the index would be passed over
            File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), """{"weight_map": {"lm_head.weight": "a.safetensors"}}""");
        }), StringComparison.Ordinal);
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
