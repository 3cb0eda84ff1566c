using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Outputs;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Tests.Data;
using Interlace.Tests.Images;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Sparsity;

public sealed class SparsifyStageTests : IDisposable
{
    private static readonly string[] Linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied, _data, _target;
    private readonly Compute _compute = Compute.Choose("cpu", "fp32", 1);
    private readonly Experiment _experiment;

    public SparsifyStageTests()
    {
        (_data, _target) = (_scratch.At("data"), _scratch.At("sparse"));
        byte[] image = Png.Write(64, 96, 8, 2, [.. Enumerable.Range(0, 64 * 96 * 3).Select(i => (byte)(i * i * 31))]);
        TestRow Row(int i) => new(i % 3 == 0 ? [image] : [], [(string.Join(' ', Enumerable.Repeat("Why?", i % 4 + 1)), $"For reason {i}.")]);
        ParquetRows.Write(_scratch.At("data", "a", "train.parquet"), [.. Enumerable.Range(0, 7).Select(Row)], new());
        ParquetRows.Write(_scratch.At("data", "b", "train.parquet"), [.. Enumerable.Range(7, 3).Select(Row)], new());
        _experiment = ExperimentFile.Set(new Experiment(Data: new(Path: _data, Rate: 1, Workers: 1), Calibrate: new(Fraction: 1, BatchTokens: 60), Seed: 5), "device", "cpu");
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("wanda", "2:4", 2, 4), InlineData("wanda", "4:8", 4, 8), InlineData("wanda", "0.5", 0, 0)]
    [InlineData("magnitude", "2:4", 2, 4), InlineData("magnitude", "4:8", 4, 8), InlineData("magnitude", "0.5", 0, 0)]
    public void Half_of_every_group_of_the_decoder_s_linear_layers_is_zero_and_nothing_else_has_changed(string method, string pattern, int zeros, int group)
    {
        var record = Run(new(method, pattern));
        using Checkpoint before = Checkpoint.Open(_model), after = Checkpoint.Open(_target);
        Assert.Equal(before.Files.SelectMany(file => file.Tensors).Select(Shape), after.Files.SelectMany(file => file.Tensors).Select(Shape));
        long weights = 0;
        foreach (string name in before.Names)
        {
            ReadOnlySpan<byte> dense = Bytes(before, name), sparse = Bytes(after, name);
            if (!IsLinear(name))
            {
                Assert.True(dense.SequenceEqual(sparse), name);
                continue;
            }
            int columns = (int)before.Find(name).Entry.Shape[1], length = group == 0 ? columns : group, expected = group == 0 ? columns / 2 : zeros;
            ushort[] old = Halves(dense), now = Halves(sparse);
            Assert.DoesNotContain((ushort)0, old);
            for (int at = 0; at < now.Length; at += length) Assert.Equal(expected, now[at..(at + length)].Count(bits => bits == 0));
            Assert.True(old.Zip(now).All(pair => pair.Second == 0 || pair.Second == pair.First), name);
            weights += now.Length;
        }
        Assert.Equal((weights, weights / 2, 0.5), (record.Parameters, record.Zeros, record.Sparsity));
        Assert.Equal(12, record.Layers.Count);
        Assert.All(record.Layers, layer => Assert.Equal(layer.Parameters, 2 * layer.Zeros));
        Assert.Equal((weights, weights / 2), (record.Layers.Sum(layer => layer.Parameters), record.Layers.Sum(layer => layer.Zeros)));
        Assert.Equal(["sparsity.json"], Directory.EnumerateFiles(_target).Select(file => Path.GetFileName(file)).Except(Directory.EnumerateFiles(_model).Select(file => Path.GetFileName(file))));
        foreach (string file in Directory.EnumerateFiles(_model).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal))) Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_target, Path.GetFileName(file))));
        Assert.Equal(["data", "sparse"], _scratch.Entries());
        Assert.Equal(record.ToJson(), SparsityFile.Load(Path.Combine(_target, SparsityFile.Name)).ToJson());
        Assert.Equal(method == "wanda" ? (10, true) : (0, false), (record.Samples, record.Settings is not null));

        static (string, ElementType, string) Shape(TensorEntry tensor) => (tensor.Name, tensor.Type, string.Join(' ', tensor.Shape));
    }

    [Fact]
    public void The_weights_that_go_are_the_least_important_behind_the_sparse_layers_below()
    {
        Run(new("wanda", "2:4"));
        using LoadedModel plain = Open(_model), dense = Open(_model), sparse = Open(_target);
        EncodedSample[] samples = Samples(plain);
        Assert.True(samples.Select(sample => sample.Length).Distinct().Count() > 3 && samples.Count(sample => sample.Images.Count > 0) >= 3);
        int wrong = 0, wrongWithDense = 0;
        for (int l = 0; l < 5; l++)
        {
            Dictionary<string, double[]> norms = SummedInputs.Norms(plain.Model, samples, l), denseNorms = l == 4 ? SummedInputs.Norms(dense.Model, samples, l) : norms;
            foreach (var (linear, made) in plain.Model.Layers[l].Linears.Zip(sparse.Model.Layers[l].Linears))
            {
                float[] weights = linear.Weight.Value.data<float>().ToArray(), left = made.Weight.Value.data<float>().ToArray();
                wrong += WrongGroups(weights, left, norms[linear.Weight.Name]);
                wrongWithDense += WrongGroups(weights, left, denseNorms[linear.Weight.Name]);
                linear.Weight.Exchange(made.Weight.Value.clone()).Dispose();
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{wrongWithDense} groups of 4 differ from a choice by dense layers");
        Assert.Equal(0, wrong);
        Assert.True(wrongWithDense > 0);
    }

    [Fact]
    public void The_written_model_computes_what_the_model_with_its_masks_computes()
    {
        Run(new("wanda", "2:4"));
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using LoadedModel model = Open(_model), sparse = Open(_target);
        using var batch = Batch.Pack(Samples(model), CPU);
        Tensor denseLogits = model.Model.Logits(model.Model.Hidden(batch)), logits = sparse.Model.Logits(sparse.Model.Hidden(batch));
        foreach (var (layer, made) in model.Model.Layers.Zip(sparse.Model.Layers))
            foreach (var (linear, other) in layer.Linears.Zip(made.Linears)) linear.Weight.Exchange(linear.Weight.Value.mul(other.Weight.Value.to(ScalarType.Bool))).Dispose();
        Assert.True(model.Model.Logits(model.Model.Hidden(batch)).Equals(logits));
        Assert.False(denseLogits.Equals(logits));
    }

    [Fact]
    public void A_stage_that_is_ended_at_any_step_leaves_nothing_and_begins_anew_to_the_same_bytes()
    {
        int steps = 0;
        Run(new(), progress: new ImmediateProgress(_ => steps++));
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
            Assert.ThrowsAny<OperationCanceledException>(() => Run(new(), progress: progress, cancellation: ending.Token));
            Assert.Equal(["data"], _scratch.Entries());
        }
        // What a killed one leaves.
        File.WriteAllText(_scratch.At("sparse.partial", FolderLock.Name), "held by a process of interlace\n");
        File.WriteAllText(_scratch.At("sparse.partial", "new", "states", "0"), "a stream");
        File.WriteAllText(_scratch.At("sparse.partial", "new", "model.safetensors"), "half a file");
        Run(new());
        Assert.Equal(["data", "sparse"], _scratch.Entries());
        Assert.Equal(whole.Keys, Content().Keys);
        foreach (var (name, bytes) in Content()) Assert.True(bytes.AsSpan().SequenceEqual(whole[name]), name);
    }

    [Fact]
    public void A_result_that_is_there_is_left_and_one_of_other_settings_is_not_overwritten_unasked()
    {
        var record = Run(new("magnitude"));
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(_target, SparsityFile.Name));
        var said = new List<string>();
        Assert.Equal(record.ToJson(), Run(new("magnitude"), log: said.Add).ToJson());
        Assert.Equal(($"{_target} is there already.", written), (Assert.Single(said), File.GetLastWriteTimeUtc(Path.Combine(_target, SparsityFile.Name))));
        foreach (var other in new SparsityOptions[] { new("magnitude", "4:8"), new("wanda") }) Assert.Contains("with these settings", Assert.Throws<InputException>(() => Run(other)).Message, StringComparison.Ordinal);
        Assert.Equal("4:8", Run(new("magnitude", "4:8"), overwrite: true).Pattern);
        Assert.Equal(["data", "sparse"], _scratch.Entries());
    }

    [Fact]
    public void A_part_of_the_samples_is_enough_and_is_recorded_and_no_tensor_is_left()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var record = Run(new(MaxSamples: 4));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal((4, 4), (record.Samples, record.Settings!.MaxSamples));
        Assert.True(record.Tokens > 0);
        Assert.Equal(SparsityFile.DenseMatrices, record.Note);
    }

    [Fact]
    public void A_model_with_shards_in_full_precision_is_made_sparse_too()
    {
        string model = TinyCheckpoints.Untied;
        var record = SparsifyStage.Run(model, _target, new Job(_experiment, _compute), new("magnitude"));
        Assert.Equal(0.5, record.Sparsity);
        using Checkpoint before = Checkpoint.Open(model), after = Checkpoint.Open(_target);
        Assert.Equal(before.Files.Select(file => Path.GetFileName(file.Path)), after.Files.Select(file => Path.GetFileName(file.Path)));
        foreach (string name in before.Names.Where(name => !IsLinear(name))) Assert.True(Bytes(before, name).SequenceEqual(Bytes(after, name)), name);
        // A record of one folder is not carried into another, whose weights are others.
        LayerRemoval.Prune(_target, PruningPlan.Create(36, drop: [5], tune: []), _scratch.At("pruned"));
        Assert.False(File.Exists(_scratch.At("pruned", SparsityFile.Name)));
    }

    [Theory]
    [InlineData("wanda", "2:7", "its 64 columns do not divide into groups of 7")]
    [InlineData("magnitude", "0.001", "would leave model.language_model.layers.0.self_attn.q_proj.weight as it is")]
    [InlineData("wanda", "two of four", "'two of four'")]
    [InlineData("slicing", "2:4", "'slicing', expected wanda or magnitude")]
    public void What_cannot_be_made_is_refused(string method, string pattern, string named) => Refused(named, () => Run(new(method, pattern)), () => SparsifyStage.Check(_model, new(method, pattern)));

    [Fact]
    public void Wanda_without_data_is_refused()
    {
        var without = _experiment with { Data = null };
        Refused("--data", () => SparsifyStage.Run(_model, _target, new Job(without, _compute), new()));
        Assert.Equal(0.5, SparsifyStage.Run(_model, _target, new Job(without, _compute), new("magnitude")).Sparsity);
    }

    [Fact]
    public void A_quantised_model_and_one_that_is_not_built_here_are_refused()
    {
        string model = _scratch.Copy(_model, "model"), config = Path.Combine(model, "config.json");
        JsonObject json = StrictJson.ReadObject(config);
        json["quantization_config"] = new JsonObject { ["quant_method"] = "awq" };
        File.WriteAllText(config, json.ToJsonString());
        Refused("is quantised (its config.json", () => SparsifyStage.Run(model, _target, new Job(_experiment, _compute), new()), "model");
        json.Remove("quantization_config");
        File.WriteAllText(config, json.ToJsonString());
        using (var checkpoint = Checkpoint.Open(_model))
        {
            var file = checkpoint.Files.Single();
            SafeTensorsWriter.Write(Path.Combine(model, "model.safetensors"), file.Tensors.Select(tensor => tensor.Name.EndsWith("3.mlp.up_proj.weight", StringComparison.Ordinal)
                ? TensorSource.FromBytes(tensor.Name, ElementType.I8, tensor.Shape, new byte[tensor.Bytes / 2]) : TensorSource.FromFile(file.Path, tensor, tensor.Name)));
        }
        Refused("layers.3.mlp.up_proj.weight is of type I8", () => SparsifyStage.Run(model, _target, new Job(_experiment, _compute), new("magnitude")), "model");
        Refused("'phi'", () => { json["model_type"] = "phi"; File.WriteAllText(config, json.ToJsonString()); SparsifyStage.Run(model, _target, new Job(_experiment, _compute), new()); }, "model");
    }

    [Fact]
    public void A_disk_without_room_for_the_model_or_for_the_samples_is_refused()
    {
        Refused("MB, but its disk has 1 MB free", () => Run(new(), freeBytes: _ => 1_000_000));
        long model;
        using (var checkpoint = Checkpoint.Open(_model)) model = CheckpointCopy.LargestSize(checkpoint);
        int asked = 0;
        Refused("sparse over these samples needs", () => Run(new(), freeBytes: _ => ++asked > 3 ? model : long.MaxValue));
        Assert.Equal(4, asked);   // the model, two batches of samples, and the third that has no room
        Refused("lies in the model folder",
            () => SparsifyStage.Run(_model, Path.Combine(_model, "inner"), new Job(_experiment, _compute), new("magnitude")));
    }

    private SparsityFile Run(SparsityOptions options, bool overwrite = false, Action<string>? log = null, IProgress<StageProgress>? progress = null, Func<string, long>? freeBytes = null, CancellationToken cancellation = default) =>
        SparsifyStage.Run(_model, _target, new Job(_experiment, _compute, log, progress, cancellation), options, overwrite, freeBytes);

    private void Refused(string named, Action run, Action check)
    {
        Refused(named, run);
        Refused(named, check);
    }

    private void Refused(string named, Action run, params string[] also)
    {
        string message = Assert.Throws<InputException>(run).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Equal(["data", .. also], _scratch.Entries());
    }

    private static LoadedModel Open(string folder) => LoadedModel.Open(folder, CPU, ScalarType.Float32);

    /// <summary>The samples that the stage draws, encoded.</summary>
    private EncodedSample[] Samples(LoadedModel model)
    {
        var data = DrawnData.Open(_experiment.Complete().Data!, _experiment.Seed);
        return [.. data.Load(data.Source.Read(data.Draw.Calibration(1), [], data.Filter), model.Processor, [], 0, default).Select(sample => sample.Encoded)];
    }

    /// <summary>Groups of 4 in which a weight is gone that is clearly more important than one that is left.</summary>
    private static int WrongGroups(float[] weights, float[] left, double[] norms)
    {
        int wrong = 0;
        for (int at = 0; at < weights.Length; at += 4)
        {
            double Importance(int i) => Math.Abs(weights[i]) * norms[i % norms.Length];
            int[] group = [at, at + 1, at + 2, at + 3];
            if (group.Where(i => left[i] == 0).Max(Importance) > group.Where(i => left[i] != 0).Min(Importance) * (1 + 1e-5)) wrong++;
        }
        return wrong;
    }

    private Dictionary<string, byte[]> Content() => Directory.EnumerateFiles(_target).Order(StringComparer.Ordinal).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private static bool IsLinear(string tensor) => tensor.StartsWith("model.language_model.layers.", StringComparison.Ordinal) && tensor.Split('.') is [.., var part, "weight"] && Linears.Contains(part);

    private static ReadOnlySpan<byte> Bytes(Checkpoint checkpoint, string name) => checkpoint.Find(name) is var (file, entry) ? file.Bytes(entry) : default;

    private static ushort[] Halves(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, ushort>(bytes).ToArray();
}
