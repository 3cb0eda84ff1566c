using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Interlace.Tests.Data;
using Interlace.Tests.Families;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Bridging;

public sealed class BridgeStageTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _data, _target;
    private readonly Compute _compute = Compute.Choose("cpu", "fp32", 1);

    public BridgeStageTests()
    {
        (_data, _target) = (_scratch.At("data"), _scratch.At("bridged"));
        byte[] Picture(int seed) => Png.Write(96, 64, 8, 2, [.. Enumerable.Range(0, 96 * 64 * 3).Select(i => (byte)(i * i * (seed + 31) / 7))]);
        TestRow Row(int i) => new(i % 3 == 0 ? [Picture(i)] : [], [($"Why is {i * 37 % 101} not {string.Join(" or ", Enumerable.Range(i, i % 5 + 1))}?", $"For reason {i}: {i * 7919 % 1009}, {(char)('a' + i)} and {i * i}.")]);
        ParquetRows.Write(_scratch.At("data", "a", "train.parquet"), [.. Enumerable.Range(0, 16).Select(Row)], new());
        ParquetRows.Write(_scratch.At("data", "b", "train.parquet"), [.. Enumerable.Range(16, 8).Select(Row)], new());
    }

    /// <summary>A place among the tiny checkpoints, and whether it lies among the golden material.</summary>
    public static TheoryData<string> Families => [.. FamilyGoldens.Names];

    public void Dispose() => _scratch.Dispose();

    [Theory, InlineData("tied", 0), InlineData("tied", 1e-3), InlineData("untied", 1e-3), InlineData("text", 0), InlineData("text", 1e-3)]
    public void Bridges_are_those_of_a_direct_solution(string name, double ridge) => Compare(Tiny(name), ridge);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Bridges_of_every_family_are_those_of_a_direct_solution_or_refused(string family)
    {
        string model = FamilyGoldens.PathOf(family, FamilyGoldens.Published);
        bool takesBridges;
        using (var loaded = LoadedModel.Open(model, CPU, ScalarType.Float32)) takesBridges = loaded.Model.AddsFeedForwardAsItIs;
        if (takesBridges) Compare(model, 1e-3);
        else Assert.Contains("cannot be bridged", Assert.Throws<InputException>(() => Compare(model, 1e-3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Visual_features_that_the_pruned_model_adds_elsewhere_are_accounted_for()
    {
        // Behind each of the first three layers features are added, by position: dropping one of them moves those that follow.
        foreach (int[] drop in (int[][])[[1], [2], [1, 2, 3], [3], [0, 2]]) Compare(TinyCheckpoints.Tied, 1e-3, drop);
    }

    [Fact]
    public void A_run_without_a_layer_before_it_is_not_bridged_and_that_is_said()
    {
        var said = new List<string>();
        var made = Run(TinyCheckpoints.Tied, Plan(12, [0, 1, 7]), log: said.Add);
        Assert.Contains(said, line => line.StartsWith("Layers 0 to 1 are dropped and no layer stays before", StringComparison.Ordinal));
        Assert.Equal([6], made.Bridge!.Layers.Select(layer => layer.Layer));
        said.Clear();
        made = Run(TinyCheckpoints.Tied, Plan(12, [0]), target: _scratch.At("first"), log: said.Add);
        Assert.Equal(["Layer 0 is dropped and no layer stays before: there is no feed-forward that could bridge that.", "The plan leaves nothing to bridge."], said);
        Assert.Empty(made.Bridge!.Layers);
        LayerRemoval.Prune(TinyCheckpoints.Tied, Plan(12, [0]), _scratch.At("plain"));
        Assert.Equal(File.ReadAllBytes(_scratch.At("plain", "model.safetensors")), File.ReadAllBytes(_scratch.At("first", "model.safetensors")));
    }

    [Fact]
    public void Nothing_but_the_feed_forward_s_last_weights_before_a_run_has_changed_and_a_strong_ridge_changes_not_even_those()
    {
        string model = TinyCheckpoints.Untied;
        var plan = Plan(36, [3, 8, 9, 35]);
        LayerRemoval.Prune(model, plan, _scratch.At("plain"));
        Run(model, plan);
        Run(model, plan, 1e12, _scratch.At("held"));
        using Checkpoint plain = Checkpoint.Open(_scratch.At("plain")), bridged = Checkpoint.Open(_target), held = Checkpoint.Open(_scratch.At("held"));
        Assert.Equal(new[] { 2, 6, 31 }.Select(l => $"model.language_model.layers.{l}.mlp.down_proj.weight").Order(StringComparer.Ordinal), plain.Names.Where(name => !Same(plain, bridged, name)).Order(StringComparer.Ordinal));
        foreach (string name in plain.Names)
        {
            using Tensor before = Values(plain, name), after = Values(held, name);
            Assert.True(before.allclose(after, rtol: 0, atol: 1e-9), name);
        }
        Assert.Equal(plain.Files.Select(file => new FileInfo(file.Path).Length), bridged.Files.Select(file => new FileInfo(file.Path).Length));
        Assert.Equal(["bridged", "data", "held", "plain"], _scratch.Entries());
    }

    [Fact]
    public void Verification_and_behaviour_know_bridges_and_nothing_more()
    {
        string model = TinyCheckpoints.Tied;
        Run(model, PruningPlan.Create(12, [4, 8], [7]));
        var checks = Verification.Structure(_target, model);
        Assert.All(checks, check => Assert.True(check.Passed, check.Detail));
        // Layer 3 is frozen, layer 7 is tuned.
        Assert.StartsWith("1 of 1 tensors", checks.Single(check => check.Name == "bridged layers").Detail);
        Assert.All(Behaviour.Of(_target, model, _compute), check => Assert.True(check.Passed, check.Detail));

        string record = Path.Combine(_target, PrunedModelFile.Name), sound = File.ReadAllText(record);
        foreach (var (from, to, fault) in new[]
        {
            ("\"layer\": 3", "\"layer\": 2", "frozen layers"), ("\"dropped\": [4]", "\"dropped\": [5]", "record"), ("\"layer\": 3", "\"layer\": 12", "record"),
            ("\"error_after\": 0", "\"error_after\": -1", "record"), ("\"samples\": 2", "\"samples\": -2", "record"),
        })
        {
            Assert.NotEqual(sound, sound.Replace(from, to, StringComparison.Ordinal));
            File.WriteAllText(record, sound.Replace(from, to, StringComparison.Ordinal));
            Assert.Contains(Verification.Structure(_target, model), check => !check.Passed && check.Name == fault);
        }
        File.WriteAllText(record, sound);
        // Without its record the same folder is no sound one, and its logits are not those of the parent without the dropped layers.
        File.Delete(record);
        Assert.Equal(["frozen layers"], Verification.Structure(_target, model).Where(check => !check.Passed).Select(check => check.Name));
        Assert.Equal(["logits"], Behaviour.Of(_target, model, _compute).Where(check => !check.Passed).Select(check => check.Name));
    }

    [Fact]
    public void A_stage_that_is_ended_at_any_step_leaves_nothing_and_begins_anew_to_the_same_bytes()
    {
        var plan = Plan(12, [4, 8]);
        int steps = 0;
        Run(TinyCheckpoints.Tied, plan, progress: new ImmediateProgress(_ => steps++));
        Dictionary<string, byte[]> whole = Content();
        Directory.Delete(_target, recursive: true);
        foreach (int after in new[] { 1, steps / 3, steps / 2, steps })
        {
            using var ending = new CancellationTokenSource();
            int step = 0;
            var progress = new ImmediateProgress(_ =>
            {
                if (++step == after) ending.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Run(TinyCheckpoints.Tied, plan, progress: progress, cancellation: ending.Token));
            Assert.Equal(["data"], _scratch.Entries());
        }
        File.WriteAllText(_scratch.At("bridged.partial", FolderLock.Name), "held by a process of interlace\n");   // what a killed one leaves
        File.WriteAllText(_scratch.At("bridged.partial", "new", "states", "0"), "a stream");
        Run(TinyCheckpoints.Tied, plan);
        Assert.Equal(["bridged", "data"], _scratch.Entries());
        Assert.Equal(whole.Keys, Content().Keys);
        foreach (var (name, bytes) in Content()) Assert.True(bytes.AsSpan().SequenceEqual(whole[name]), name);
    }

    [Fact]
    public void A_part_of_the_samples_is_enough_and_is_recorded_and_no_tensor_is_left()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var said = new List<string>();
        var experiment = Experiment(1e-3) with { Prune = new(true, 1e-3, MaxSamples: 3) };
        var account = BridgeStage.Run(TinyCheckpoints.Tied, Plan(12, [4]), _target, new Job(experiment, _compute, said.Add)).Bridge!;
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal((3, 3), (account.Samples, account.Settings.MaxSamples));
        Assert.True(account.Tokens > 0);
        var record = PrunedModelFile.Load(_target);
        Assert.Equal(account.ToJson(), record.Bridge!.ToJson());
        Assert.True(BridgeStage.IsOfTheSame(record.Bridge, experiment, _compute));
        Assert.False(BridgeStage.IsOfTheSame(record.Bridge, experiment with { Prune = new(true, 1e-3, 4) }, _compute));
        Assert.False(BridgeStage.IsOfTheSame(record.Bridge, experiment with { Prune = new() }, _compute));
        Assert.True(BridgeStage.IsOfTheSame(null, experiment with { Prune = new() }, _compute));

        said.Clear();
        experiment = experiment with { Prune = new(true, 1e-3, MaxSamples: 1) };
        account = BridgeStage.Run(TinyCheckpoints.Tied, Plan(12, [4]), _scratch.At("one"), new Job(experiment, _compute, said.Add)).Bridge!;
        Assert.Equal(account.Tokens < 64, said.Any(line => line.Contains("are fewer than the 64 rows of a bridge", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_cannot_be_bridged_is_refused_and_nothing_is_left()
    {
        void Refused(string named, Action run)
        {
            Assert.Contains(named, Assert.ThrowsAny<InputException>(run).Message, StringComparison.Ordinal);
            Assert.Equal(["data"], _scratch.Entries());
        }
        Job Of(Experiment experiment) => new(experiment, _compute);
        string model = TinyCheckpoints.Tied;
        Refused("No data is named", () => BridgeStage.Run(model, Plan(12, [4]), _target, Of(new())));
        Refused("has 12", () => Run(model, Plan(13, [4])));
        Refused("lies in the model folder", () => Run(model, Plan(12, [4]), target: Path.Combine(model, "inner")));
        Refused("MB free", () => BridgeStage.Run(model, Plan(12, [4]), _target, Of(Experiment(0)), new(FreeBytes: _ => 1_000_000)));
        int asked = 0;
        Refused("Bridging the layers of", () => BridgeStage.Run(model, Plan(12, [4]), _target, Of(Experiment(0)), new(FreeBytes: _ => ++asked > 2 ? 0 : long.MaxValue)));
    }

    [Fact]
    public void A_feed_forward_that_is_normed_before_it_is_added_is_refused()
    {
        string folder = TinyCheckpoints.Text;
        var config = ModelConfig.Read(folder);
        var (family, parts) = FamilyTable.Runnable(config);
        VisionLanguageModel Model(FamilyParts made) => VisionLanguageModel.Create(family, made, config, [], ParameterSources.Recorder(new Dictionary<string, long[]>()), CPU, ScalarType.Float32, weights: null);
        using VisionLanguageModel plain = Model(parts), normed = Model(parts with { Decoder = c => parts.Decoder(c) with { AddsFeedForwardAsItIs = false } });
        BridgeStage.Check(plain, folder);
        Assert.Contains("is normed before it is added", Assert.Throws<InputException>(() => BridgeStage.Check(normed, folder)).Message, StringComparison.Ordinal);
    }

    /// <summary>Bridges a model and compares each bridge with a direct solution on the model with those below in place.</summary>
    private void Compare(string model, double ridge, params int[] drop)
    {
        using var scope = NewDisposeScope();
        int layers;
        using (var opened = Checkpoint.Open(model)) layers = DecoderLayout.Of(opened).LayerCount;
        if (drop.Length == 0) drop = layers >= 6 ? [layers / 2, layers - 3, layers - 1] : [layers - 1];
        if (layers >= 10) drop = [.. drop.Append(layers / 2 + 1).Distinct()];   // two neighbours
        var plan = Plan(layers, drop);
        string target = _scratch.At(string.Join('-', plan.Drop));
        var account = Run(model, plan, ridge, target).Bridge!;
        using LoadedModel whole = Open(model), parent = Open(model), child = Open(target);
        EncodedSample[] samples = Samples(parent);
        Assert.Equal((samples.Length, samples.Sum(sample => (long)sample.Length)), (account.Samples, account.Tokens));
        Assert.True(account.Tokens > 2 * parent.Model.HiddenSize);
        var pruned = parent.Model.Keep([.. plan.Kept]);
        int[] runs = [.. plan.Kept.Where(layer => layer + 1 < layers && plan.NewIndex(layer + 1) is null)];
        Assert.Equal(runs, account.Layers.Select(bridge => bridge.Layer));
        // Weights of bfloat16 are rounded; otherwise the two ways differ by the rounding of fp32 passes.
        double rounding = Rounding(model);
        foreach (var bridge in account.Layers)
        {
            int next = bridge.Dropped[^1] + 1;
            Assert.Equal(Enumerable.Range(bridge.Layer + 1, next - bridge.Layer - 1), bridge.Dropped);
            var direct = DirectBridge.Of(whole.Model, parent.Model, pruned, samples, plan, bridge.Layer, next, ridge);
            Linear own = parent.Model.Layers[bridge.Layer].FeedForwardOutput, made = child.Model.Layers[plan.NewIndex(bridge.Layer)!.Value].FeedForwardOutput;
            foreach (var (parameter, now) in new[] { (own.Weight, made.Weight), (own.Bias!, made.Bias!) }.Where(pair => pair.Item1 is not null))
            {
                double off = DirectBridge.Relative(DirectBridge.Minus(DirectBridge.Wide(now.Value), direct.Bridge.t().matmul(DirectBridge.Wide(parameter.Value))), DirectBridge.Wide(now.Value));
                Assert.True(off < rounding, $"{now.Name}: {off}");
            }
            Assert.Equal(direct.Before, bridge.ErrorBefore, 1e-5);
            Assert.Equal(direct.After, bridge.ErrorAfter, 1e-3);
            Assert.InRange(bridge.ErrorAfter, 0, bridge.ErrorBefore * (1 + 1e-6));
            foreach (var (parameter, now) in new[] { (own.Weight, made.Weight), (own.Bias!, made.Bias!) }.Where(pair => pair.Item1 is not null))
                parameter.Exchange(now.Value.clone()).Dispose();
        }
        // The folder computes what the model with its bridges computes.
        using var _ = no_grad();
        using var batch = Batch.Pack(samples, CPU);
        Assert.True(pruned.Logits(pruned.Hidden(batch)).allclose(child.Model.Logits(child.Model.Hidden(batch)), rtol: 1e-5, atol: 1e-5));
    }

    private static double Rounding(string model)
    {
        using var opened = Checkpoint.Open(model);
        return opened.Files[0].Tensors.Any(tensor => tensor.Type != ElementType.F32) ? 4e-3 : 1e-3;
    }

    private static string Tiny(string name) => name switch { "tied" => TinyCheckpoints.Tied, "untied" => TinyCheckpoints.Untied, _ => TinyCheckpoints.Text };

    private static PruningPlan Plan(int layers, int[] drop) => PruningPlan.Create(layers, drop, []);

    private static LoadedModel Open(string folder) => LoadedModel.Open(folder, CPU, ScalarType.Float32);

    private Experiment Experiment(double ridge) => new(Seed: 5, Data: new(Path: _data, Rate: 1, Workers: 1), Calibrate: new(Fraction: 1, BatchTokens: 300), Prune: new(Bridge: true, Ridge: ridge));

    private PrunedModel Run(string model, PruningPlan plan, double ridge = 1e-3, string? target = null, Action<string>? log = null, IProgress<StageProgress>? progress = null, CancellationToken cancellation = default) =>
        BridgeStage.Run(model, plan, target ?? _target, new Job(Experiment(ridge), _compute, log, progress, cancellation));

    /// <summary>The samples that the stage draws, encoded.</summary>
    private EncodedSample[] Samples(LoadedModel model)
    {
        var data = DrawnData.Open(Experiment(0).Complete().Data!, 5);
        return [.. data.Load(data.Source.Read(data.Draw.Calibration(1), [], data.FilterFor(model.Processor)), model.Processor, [], 0, default).Select(sample => sample.Encoded)];
    }

    private Dictionary<string, byte[]> Content() => Directory.EnumerateFiles(_target).Order(StringComparer.Ordinal).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static Tensor Values(Checkpoint checkpoint, string name)
    {
        var (file, entry) = checkpoint.Find(name);
        return ParameterSources.Load(file, entry, CPU);
    }

    private static bool Same(Checkpoint a, Checkpoint b, string name)
    {
        var (first, second) = (a.Find(name), b.Find(name));
        return first.File.Bytes(first.Entry).SequenceEqual(second.File.Bytes(second.Entry));
    }
}
