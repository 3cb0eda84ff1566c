using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Runs;

public sealed class EvidenceStageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied;
    private readonly Compute _compute = new(CPU, ScalarType.Float32, 1);
    private readonly Experiment _experiment;

    public EvidenceStageTests()
    {
        byte[] image = Png.Write(32, 32, 8, 2, [.. Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 37))]);
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 8).Select(i => new TestRow(i % 2 == 0 ? [image] : [], [($"What is number {i}?", string.Join(' ', Enumerable.Repeat($"It is {i}.", i + 1)))]))], new());
        _experiment = new Experiment(Device: "cpu", Dtype: "fp32", Data: new(_scratch.At("data"), Rate: 1), Calibrate: new(Fraction: 1, EvidenceSamples: 6, SlebRatio: 0.34)).Complete();
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_search_ended_after_any_round_goes_on_to_the_same_bytes()
    {
        using var loaded = Open();
        Run("sleb", loaded, "whole");
        byte[] whole = File.ReadAllBytes(Path("whole", "sleb"));
        Assert.Equal(4, RemovalOrder.Load(Path("whole", "sleb")).Rounds.Length);
        foreach (int after in new[] { 1, 2, 3 })
        {
            using var ending = new CancellationTokenSource();
            var progress = new ImmediateProgress(told =>
            {
                if (told.Note == $"round {after + 1} of 4") ending.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => EvidenceStage.Run("sleb", loaded, new Job(_experiment, _compute, null, progress, ending.Token), _scratch.At("broken")));
            Assert.False(File.Exists(Path("broken", "sleb")));
            Assert.Equal(after, RemovalOrder.Load(Path("broken", "sleb.state")).Rounds.Length);
        }
        long first = -1;
        EvidenceStage.Run("sleb", loaded, new Job(_experiment, _compute, Progress: new ImmediateProgress(step => first = first < 0 ? step.Done : first)), _scratch.At("broken"));
        Assert.True(first > 50, $"{first}");   // the rounds before are not repeated
        Assert.Equal(whole, File.ReadAllBytes(Path("broken", "sleb")));
        Assert.Equal(["sleb.json"], Directory.EnumerateFiles(_scratch.At("broken", "evidence")).Select(file => System.IO.Path.GetFileName(file)));
    }

    [Fact]
    public void A_longer_order_goes_on_from_a_shorter_one_and_a_shorter_one_is_left_alone()
    {
        using var loaded = Open();
        Run("sleb", loaded, "whole");
        EvidenceStage.Run("sleb", loaded, new Job(_experiment with { Calibrate = _experiment.Calibrate! with { SlebRatio = 0.17 } }, _compute), _scratch.At("grown"));
        Assert.Equal(2, RemovalOrder.Load(Path("grown", "sleb")).Rounds.Length);
        Run("sleb", loaded, "grown");
        Assert.Equal(File.ReadAllBytes(Path("whole", "sleb")), File.ReadAllBytes(Path("grown", "sleb")));
        var other = _experiment with { Calibrate = _experiment.Calibrate! with { SlebRatio = 0.5, EvidenceSamples = 5 } };
        Assert.Contains("other settings", Assert.Throws<InputException>(() => EvidenceStage.Run("sleb", loaded, new Job(other, _compute), _scratch.At("grown"))).Message);
        EvidenceStage.Run("sleb", loaded, new Job(other with { Calibrate = other.Calibrate! with { SlebRatio = 0.1 } }, _compute), _scratch.At("grown"));
        Assert.Equal(File.ReadAllBytes(Path("whole", "sleb")), File.ReadAllBytes(Path("grown", "sleb")));
    }

    [Fact]
    public void Scores_of_layers_are_losses_and_weights_and_tell_what_they_were_measured_on()
    {
        using var loaded = Open();
        foreach (string name in new[] { "perplexity", "taylor", "magnitude-block" }) Run(name, loaded, "run");
        BlockScores perplexity = BlockScores.Load(Path("run", "perplexity")), taylor = BlockScores.Load(Path("run", "taylor")), magnitude = BlockScores.Load(Path("run", "magnitude-block"));
        Assert.Equal((6, 12), (perplexity.Samples, perplexity.Layers));
        Assert.True(perplexity.AnswerTokens > 0 && perplexity.AnswerTokens == taylor.AnswerTokens && perplexity.Tokens["image"] > 0);
        Assert.Equal(perplexity.Loss!.Value, taylor.Loss!.Value, 1e-5);
        Assert.All(perplexity.Scores.Concat(taylor.Scores), score => Assert.True(score > 0));
        Assert.Null(magnitude.Inputs.Data);
        Assert.Null(magnitude.Loss);
        using var checkpoint = Checkpoint.Open(_model);
        double expected = 0;
        foreach (var (file, tensor) in checkpoint.Files.SelectMany(file => file.Tensors.Where(t => t.Name.Contains(".language_model.layers.3.")).Select(tensor => (file, tensor))))
        {
            using var scope = NewDisposeScope();
            expected += ParameterSources.Load(file, tensor, CPU, ScalarType.Float32).contiguous().data<float>().ToArray().Sum(x => Math.Abs((double)x));
        }
        Assert.Equal(expected, magnitude.Scores[3], 1e-6 * expected);
    }

    [Fact]
    public void The_command_measures_what_is_not_there_and_plans_are_made_of_it()
    {
        string run = _scratch.At("run");
        string[] calibrate = ["calibrate", _model, "--data", _scratch.At("data"), "--rate", "1", "--device", "cpu", "--dtype", "fp32", "--out", run, "--set", "calibrate.fraction=1"];
        Assert.Equal(0, CommandRun.Of(calibrate).Code);
        Assert.Contains("--evidence sleb", CommandRun.Of("plan", run, "--method", "sleb").Refusal());
        Assert.Contains("'slap'", CommandRun.Of([.. calibrate, "--evidence", "sleb,slap"]).Refusal());
        var measured = CommandRun.Of([.. calibrate, "--evidence", "magnitude-block, sleb"]);
        Assert.Equal(0, measured.Code);
        Assert.Contains("similarity.json is there already", measured.Error);
        Assert.Contains("is there already", CommandRun.Of([.. calibrate, "--evidence", "sleb"]).Error.Split("sleb.json ")[1]);
        var order = RemovalOrder.Load(Path("run", "sleb"));
        Assert.Equal((3, 3), (order.Rounds.Length, order.ProtectedLayers));

        Assert.Equal(0, CommandRun.Of("plan", run, "--method", "sleb", "--ratio", "0.2").Code);
        var plan = PlanFile.Load(_scratch.At("run", "plan.json"));
        Assert.Equal(order.Rounds.Take(2).Select(round => round.Removed).Order(), plan.Drop);
        Assert.Equal(2, plan.Tune.Length);
        Assert.Equal(order.Rounds[1].Loss, plan.Origin.Choices[1].Score);
        Assert.Equal(0, CommandRun.Of("plan", run, "--method", "magnitude-block", "--ratio", "0.2", "--set", "plan.protect_ends=true", "--out", _scratch.At("run", "m.json")).Code);
        Assert.All(PlanFile.Load(_scratch.At("run", "m.json")).Drop, layer => Assert.InRange(layer, 4, 9));
        Assert.Contains("calibrate.sleb_ratio=0.417", CommandRun.Of("plan", run, "--method", "sleb", "--ratio", "0.42", "--force").Refusal());
        Assert.Contains("3 layers protected, the plan protects 0", CommandRun.Of("plan", run, "--method", "sleb", "--no-protect", "--force").Refusal());

        JsonNode[] compared = [.. CommandRun.Of("plan", run, "--compare", "--ratio", "0.2", "--json").Json().AsArray().Select(row => row!)];
        JsonNode Row(string method) => compared.Single(row => (string)row["method"]! == method);
        Assert.Equal(plan.Drop, Row("sleb")["drop"]!.AsArray().Select(layer => (int)layer!));
        Assert.Contains("--evidence taylor", (string)Row("taylor")["missing"]!);
        Assert.Null(Row("streamline")["missing"]);
        Assert.Equal(0, CommandRun.Of("plan", run, "--compare").Code);   // windows of other lengths were not measured

        Assert.Equal(0, CommandRun.Of([.. calibrate, "--evidence", "sleb", "--set", "calibrate.sleb_ratio=0.42"]).Code);
        Assert.Equal(order.Rounds.Select(round => round.Removed), RemovalOrder.Load(Path("run", "sleb")).Rounds.Take(3).Select(round => round.Removed));
        Assert.Equal(0, CommandRun.Of("plan", run, "--method", "sleb", "--ratio", "0.42", "--force").Code);
        string[] lines = CommandRun.Of("inspect", Path("run", "sleb")).Out.Split('\n');
        foreach (var (i, round) in RemovalOrder.Load(Path("run", "sleb")).Rounds.Index()) Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var number, var removed, ..] && number == $"{i + 1}" && removed == $"{round.Removed}");
        Assert.Equal(12, CommandRun.Of("inspect", Path("run", "magnitude-block"), "--json").Json()["scores"]!.AsArray().Count);
    }

    [Fact]
    public void A_matrix_measures_once_what_its_lines_need_and_as_far_as_they_go()
    {
        Experiment Lines(params Variant[] lines) => _experiment with { Model = _model, Variants = lines };
        var experiment = Lines(new("sleb", Ratio: 0.42, Tune: false), new("sleb", Ratio: 0.17, Tune: false), new("taylor", Ratio: 0.17));
        string folder = _scratch.At("matrix");
        var stages = new List<string>();
        Matrix.Check(experiment);
        new Matrix(new Job(experiment, _compute, line => stages.AddRange(line.StartsWith('[') && line.Contains("evidence", StringComparison.Ordinal) ? [line.Split(' ', ';')[2]] : [])), folder).Run();
        Assert.Equal(["sleb", "taylor"], stages);
        Assert.Equal(5, RemovalOrder.Load(Path("matrix", "sleb")).Rounds.Length);
        Assert.Equal(["sleb-17", "sleb-42", "taylor-17"], Directory.EnumerateDirectories(_scratch.At("matrix", RunFolder.Variants)).Select(plan => System.IO.Path.GetFileName(plan)).Order(StringComparer.Ordinal));
        string larger = _scratch.At("matrix", RunFolder.Variants, "sleb-42", "plan.json"), smaller = _scratch.At("matrix", RunFolder.Variants, "sleb-17", "plan.json");
        Assert.Equal(PlanFile.Load(larger).Origin.Choices.SelectMany(choice => choice.Drop).Take(2), PlanFile.Load(smaller).Origin.Choices.SelectMany(choice => choice.Drop));
        Assert.Contains("leave protect out", Assert.Throws<InputException>(() => Matrix.Check(Lines(new Variant("sleb", Ratio: 0.17, Protect: false)))).Message);
    }

    [Fact]
    public void Evidence_that_is_damaged_or_of_another_model_is_refused()
    {
        using var loaded = Open();
        Run("sleb", loaded, "run");
        Run("taylor", loaded, "run");
        string sleb = File.ReadAllText(Path("run", "sleb")), taylor = File.ReadAllText(Path("run", "taylor"));
        void Damaged(string name, string text, string named)
        {
            File.WriteAllText(Path("run", name), text);
            Assert.Contains(named, Assert.Throws<InputException>(() => EvidenceFiles.Load(_scratch.At("run"), Methods.Find(name))).Message);
        }
        Damaged("sleb", sleb[..^30], "no valid order");
        Damaged("sleb", sleb.Replace("removal-order/1", "removal-order/9", StringComparison.Ordinal), "removal-order/9");
        Damaged("sleb", sleb.Replace("\"protected_layers\": 3", "\"protected_layers\": 2", StringComparison.Ordinal), "round 0 do not follow");
        Damaged("sleb", Changed(sleb, order => order["rounds"]![1]!["removed"] = order["rounds"]![0]!["removed"]!.GetValue<int>()), "round 1 do not follow");
        Damaged("sleb", Changed(sleb, order => order["rounds"]![0]!["losses"]!.AsArray().RemoveAt(0)), "round 0 lacks a loss");
        Damaged("taylor", taylor.Replace("\"taylor\"", "\"perplexity\"", StringComparison.Ordinal), "holds perplexity");
        Damaged("taylor", Changed(taylor, scores => scores["scores"]!.AsArray().RemoveAt(0)), "11 numbers for 12 layers");
        Damaged("taylor", Changed(taylor, scores => scores["more"] = 1), "more");

        File.WriteAllText(Path("run", "taylor"), taylor);
        var files = EvidenceFiles.Load(_scratch.At("run"), Methods.Find("taylor"));
        using var checkpoint = Checkpoint.Open(_model);
        var identity = ModelIdentity.Of(checkpoint);
        Assert.NotNull(files.AddTo(new(12), identity).GradientImportance);
        Assert.Contains("another model", Assert.Throws<PlanException>(() => files.AddTo(new(12), identity with { ConfigSha256 = "0" })).Message);
        using var untied = LoadedModel.Open(TinyCheckpoints.Untied, CPU, ScalarType.Float32);
        Assert.Contains("another model", Assert.Throws<InputException>(() => EvidenceStage.Run("taylor", untied, new Job(_experiment, _compute), _scratch.At("run"))).Message);
        Assert.Contains("no evidence 'tailor'", Assert.Throws<InputException>(() => EvidenceStage.Run("tailor", loaded, new Job(_experiment, _compute), _scratch.At("run"))).Message);
    }

    private LoadedModel Open() => LoadedModel.Open(_model, CPU, ScalarType.Float32);

    private void Run(string name, LoadedModel loaded, string folder) => EvidenceStage.Run(name, loaded, new Job(_experiment, _compute), _scratch.At(folder));

    private string Path(string folder, string name) => EvidenceFiles.PathOf(_scratch.At(folder), name);

    private static string Changed(string json, Action<JsonNode> change)
    {
        JsonNode tree = JsonNode.Parse(json)!;
        change(tree);
        return tree.ToJsonString();
    }
}
