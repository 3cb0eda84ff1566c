using Interlace.Data;
using Interlace.Jobs;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Sparsity;

public sealed class LayerByLayerTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    // every third with an image; its first three layers are followed by visual features
    private readonly PreparedSamples _samples = new(TinyCheckpoints.Tied, 9);

    public void Dispose()
    {
        _samples.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Each_layer_is_measured_with_the_sparse_weights_of_all_layers_below_it()
    {
        using var scope = NewDisposeScope();
        using LoadedModel plain = _samples.Open(), dense = _samples.Open();
        var model = _samples.Loaded.Model;
        EncodedSample[] samples = _samples.Encoded(Enumerable.Range(0, _samples.Count));
        var walk = Begun(_samples.Count, "walk");
        Assert.Equal((samples.Length, samples.Sum(sample => sample.Length)), (walk.Samples, walk.Tokens));
        double worst = 0, effect = 0;
        for (int l = 0; l < model.Layers.Count; l++)
        {
            using var norms = walk.Measure(l);
            var sparse = new Dictionary<string, Tensor>();
            Dictionary<string, double[]> expected = SummedInputs.Norms(plain.Model, samples, l), withoutEffect = l == 6 ? SummedInputs.Norms(dense.Model, samples, l) : expected;
            Assert.Equal(7, expected.Count);
            foreach (var linear in plain.Model.Layers[l].Linears)
            {
                string name = linear.Weight.Name;
                Tensor measured = norms.Of(name, samples.Length);
                double Deviation(double[] other) => measured.data<float>().ToArray().Zip(other, (a, b) => Math.Abs(a - b)).Max() / other.Max();
                (worst, effect) = (Math.Max(worst, Deviation(expected[name])), Math.Max(effect, Deviation(withoutEffect[name])));
                Assert.True(Deviation(expected[name]) <= 1e-5, $"{name}: {Deviation(expected[name])}");
                sparse[name] = SparseWeights.Prune(linear.Weight.Value, measured, 2, 4);
                linear.Weight.Exchange(sparse[name].clone()).Dispose();   // the plain passes go on with it
            }
            if (l < model.Layers.Count - 1) walk.Advance(l, sparse);
        }
        TestContext.Current.SendDiagnosticMessage($"largest deviation of a norm {worst:g2}; with dense layers below it would be {effect:g2}");
        Assert.True(effect > 0.01, $"{effect}");
        foreach (var (weight, before) in model.Parameters.Zip(dense.Model.Parameters)) Assert.True(weight.Value.Equals(before.Value), $"{weight.Name} has changed");
    }

    [Fact]
    public void A_layer_is_what_its_linear_layers_make_of_the_inputs_that_are_shown()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var model = _samples.Loaded.Model;
        var shown = new Dictionary<string, Tensor>();
        var streams = new List<(Tensor Input, Tensor Output)>();
        SummedInputs.Observe(model, _samples.Encoded(0)[0], (weight, input) => shown.Add(weight.Name, Kept(input)), (_, layer, input) =>
        {
            Tensor before = Kept(input), output = layer(input);
            streams.Add((before, Kept(output)));
            return output;
        });
        Assert.Equal(7 * model.Layers.Count, shown.Count);
        foreach (var (l, layer) in model.Layers.Index())
        {
            Assert.Equal(["q", "k", "v", "o", "gate", "up", "down"], layer.Linears.Select(linear => linear.Weight.Name.Split('.')[^2].Replace("_proj", "", StringComparison.Ordinal)));
            Tensor[] x = [.. layer.Linears.Select(linear => shown[linear.Weight.Name])], y = [.. layer.Linears.Select((linear, i) => linear.Forward(x[i]))];
            Tensor norm = layer.Parameters.Single(p => p.Name.EndsWith("input_layernorm.weight", StringComparison.Ordinal)).Value, input = streams[l].Input;
            Same(input / input.mul(input).mean([-1L], true).sqrt() * norm, x[0]);   // the norm's epsilon of 1e-6 is within the tolerance
            Same(x[0], x[1]);
            Same(x[0], x[2]);
            Same(x[4], x[5]);
            Same(nn.functional.silu(y[4]).mul(y[5]), x[6]);
            Same(streams[l].Output, input.Plus(y[3]).Plus(y[6]));
        }

        static Tensor Kept(Tensor value) => value.clone().DetachFromDisposeScope();
        static void Same(Tensor expected, Tensor actual)
        {
            double deviation = (expected - actual).abs().max().item<float>() / expected.abs().max().item<float>();
            Assert.True(deviation <= 1e-4, $"{deviation}");
        }
    }

    [Fact]
    public void Passes_that_wait_between_layers_end_as_passes_that_do_not()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var model = _samples.Loaded.Model;
        EncodedSample[] samples = _samples.Encoded(0, 1, 3, 5);
        using var batch = Batch.Pack(samples, CPU);
        var pass = PausedPass.Begin(model, samples, _scratch.At("pass"));
        Assert.InRange(Directory.EnumerateFiles(_scratch.Path).Sum(file => new FileInfo(file).Length), 1, PausedPass.LargestSize(model, samples));
        for (int l = 0; l < model.Layers.Count; l++)
        {
            using (pass.Forward(l)) { }   // does not move it
            pass.Store(pass.Forward(l));
        }
        using var file = Vlm.Checkpoints.SafeTensorsFile.Open(_scratch.At("pass"));
        Assert.True(model.Hidden(batch).Equals(ParameterSources.Load(file, file.Tensors.Single(), CPU)));
    }

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_samples()
    {
        Assert.Equal(Most(3), Most(9));
        long Most(int samples)
        {
            long before = Live(), most = 0;
            var walk = Begun(samples, $"with {samples}", new ImmediateProgress(_ => most = Math.Max(most, Live() - before)), batchTokens: 1);
            var model = _samples.Loaded.Model;
            for (int l = 0; l < 3; l++)
            {
                using var norms = walk.Measure(l);
                walk.Advance(l, model.Layers[l].Linears.ToDictionary(linear => linear.Weight.Name, linear => linear.Weight.Value));
            }
            Assert.Equal(before, Live());
            return most;
        }
        static long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
    }

    [Fact]
    public void Data_without_a_usable_sample_is_refused_with_the_counts()
    {
        SkipCounts skipped = [];
        var walk = new LayerByLayer(_samples.Loaded.Model, _scratch.Path);
        Assert.Contains("3 too long", Assert.Throws<InputException>(() => walk.Begin(_samples.Load([0, 1, 2], 0, skipped, _ => true), skipped, 100, 3)).Message, StringComparison.Ordinal);
    }

    private LayerByLayer Begun(int count, string folder, IProgress<StageProgress>? progress = null, int batchTokens = 100)
    {
        Directory.CreateDirectory(_scratch.At(folder));
        var walk = new LayerByLayer(_samples.Loaded.Model, _scratch.At(folder), progress);
        walk.Begin(_samples.Load([.. Enumerable.Range(0, count)], 0, [], _ => false), [], batchTokens, count);
        return walk;
    }
}
