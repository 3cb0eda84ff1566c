using System.Diagnostics;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>Micro-batches of the demo: with and without recomputation, and where the time of one goes.</summary>
internal static class TrainingBenchmark
{
    public static void Recompute(string demo)
    {
        var (loaded, batch) = Open(demo);
        using (loaded)
        using (batch)
            Pair.Time($"gradient of {batch.Lengths.Length} samples, {batch.TokenCount} tokens", ("kept", () => new LossGradient(loaded.Model, recompute: false).Accumulate(batch, 1)),
                ("recomputed", () => new LossGradient(loaded.Model, recompute: true).Accumulate(batch, 1)), rounds: 7);
    }

    public static void Profile(string demo)
    {
        var (loaded, batch) = Open(demo);
        using var _ = loaded;
        using var __ = batch;
        var model = loaded.Model;
        void Time(string name, Action run)
        {
            var times = new List<double>();
            for (int i = 0; i < 8; i++)
            {
                using var scope = NewDisposeScope();
                var clock = Stopwatch.StartNew();
                run();
                if (i > 1) times.Add(clock.Elapsed.TotalMilliseconds);
            }
            Console.WriteLine($"{name,-28} {Pair.Median(times),8:0.0} ms");
        }
        Console.WriteLine($"{batch.Lengths.Length} samples, {batch.TokenCount} tokens");
        Time("gradient", () => new LossGradient(model, recompute: false).Accumulate(batch, 1));
        Time("loss", () => new LossGradient(model).Loss(batch));
        using var noGrad = no_grad();
        Time("embed", () => model.Embed(batch).Pass.Dispose());
        Time("hidden", () => model.Hidden(batch).Dispose());
        var (x, pass) = model.Embed(batch);
        Tensor y = model.Layers[5].Forward(x, pass, 5);
        Time("layer, no graph", () => model.Layers[5].Forward(x, pass, 5));
        using var grad = enable_grad();
        Tensor leaf = x.detach().requires_grad_();
        Time("layer, forward with graph", () => model.Layers[5].Forward(leaf, pass, 5));
        Time("layer, and backward (frozen)", () => model.Layers[5].Forward(leaf, pass, 5).backward([y]));
        Time("layer, and backward (tuned)", () => model.Layers[6].Forward(leaf, pass, 5).backward([y]));
        Tensor q = randn(batch.TokenCount, 6, 32).requires_grad_(), k = randn(batch.TokenCount, 2, 32).requires_grad_(), o = randn(batch.TokenCount, 192);
        using var attention = PackedAttention.Create(batch.Lengths, causal: true, CPU);
        Time("attention, forward", () => attention.Forward(q, k, k));
        Time("attention, and backward", () => attention.Forward(q, k, k).backward([o]));
        Tensor rows = Arithmetic.Range(batch.TokenCount, CPU);
        Time("gather", () => q.index_select(0, rows));
        Time("gather, and backward", () => q.index_select(0, rows).backward([q.detach()]));
        Console.WriteLine(string.Join(" ", batch.Lengths.Order()));
        Time("rotary, and backward", () => pass.Rotary.Apply(q).backward([q.detach()]));
        Tensor w = randn(512, 192), wide = randn(batch.TokenCount, 512);
        Time("product 192 to 512", () => nn.functional.linear(x, w));
        Time("silu of 512", () => nn.functional.silu(wide));
        Tensor gain = ones(192);
        Time("norm, and backward", () => Aten.RmsNorm(leaf, gain, 1e-6).backward([y]));
    }

    private static (LoadedModel Loaded, Batch Batch) Open(string demo)
    {
        var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        TrainedParameters.Of(loaded.Model, [2, 6, 8, 12]);
        var data = DrawnData.Open(new DataOptions(Path.Combine(demo, "finevision"), Rate: 0.02), 0);
        EncodedSample[] samples = [.. data.Load(data.Source.Read(data.Draw.Rows, [], data.FilterFor(loaded.Processor)), loaded.Processor,
            [], 0, default).Take(32).Select(s => s.Encoded)];
        return (loaded, Batch.Pack(samples, CPU));
    }
}
