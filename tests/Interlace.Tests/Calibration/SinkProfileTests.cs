using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Tests.Data;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Calibration;

public class SinkProfileTests
{
    [Fact]
    public void The_profile_is_that_of_the_plain_loop_for_samples_alone_and_packed()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 5);
        var model = prepared.Loaded.Model;
        EncodedSample[] samples = prepared.Encoded(Enumerable.Range(0, 5));
        using var packed = Batch.Pack(samples, CPU);
        SampleSums[] together = new SimilarityMeter(model.Layers.Count, [1, 3]).Measure(model, packed);
        foreach (var (s, sample) in samples.Index())
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            using var batch = Batch.Pack([sample], CPU);
            SinkProfile found = together[s].Sinks!;
            model.Hidden(batch, (l, layer, input) =>
            {
                Tensor output = layer(input);
                double[][] before = Rows(input), after = Rows(output);
                double[] raised = [.. before.Zip(after, (x, y) => Norm(y) / Norm(x))];
                double dot = before[0].Zip(after[0], (x, y) => x * y).Sum();
                Near(dot / (Norm(before[0]) * Norm(after[0])), found.FirstCosine[l]);
                Near(Norm(before[0]), found.FirstInputNorm[l]);
                Near(Norm(after[0]), found.FirstOutputNorm[l]);
                Near(raised.Max(), found.LargestNormRatio[l]);
                return output;
            });
        }
    }

    [Theory]
    [InlineData("transformers-4.57")]
    [InlineData("transformers-5")]
    public void What_is_compared_in_similarities_and_a_token_left_out_there_change_nothing(string states)
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 3);
        var model = prepared.Loaded.Model;
        using var batch = Batch.Pack(prepared.Encoded(0, 1, 2), CPU);
        var usual = new SimilarityMeter(model.Layers.Count, [1, 3]).Measure(model, batch);
        var other = new SimilarityMeter(model.Layers.Count, [1, 3], skipFirstToken: true, states: states).Measure(model, batch);
        foreach (var (one, two) in usual.Zip(other))
        {
            Assert.Equal(one.Sinks!.FirstOutputNorm, two.Sinks!.FirstOutputNorm);
            Assert.Equal(one.Sinks.FirstInputNorm, two.Sinks.FirstInputNorm);
            Assert.Equal(one.Sinks.LargestNormRatio, two.Sinks.LargestNormRatio);
            Assert.Equal(one.Sinks.FirstCosine, two.Sinks.FirstCosine);
        }
    }

    [Fact]
    public void Samples_come_together_as_means_and_the_largest_and_a_tenfold_rise_is_a_sink()
    {
        static SampleSums Sample(SinkProfile? sinks) => new([0, 1, 0], new Dictionary<int, (double[], double[])>(), sinks);
        var profile = SinkProfile.Of([Sample(new([0.5, 1], [2, 0], [4, 3], [2, 9.9])), Sample(new([0.1, 0], [4, 0], [8, 5], [10, 1]))])!;
        Assert.Equal([0.3, 0.5], profile.FirstCosine);
        Assert.Equal([2, 0], profile.FirstNormRatio);   // what has no norm is not raised
        Assert.Equal([10, 9.9], profile.LargestNormRatio);
        Assert.Equal([0], profile.Writers);
        Assert.StartsWith("Layer 0 raises", profile.InWords, StringComparison.Ordinal);
        Assert.Null(SinkProfile.Of([Sample(new([], [], [], [])), Sample(null)]));
        Assert.Null(SinkProfile.Of([]));
        Assert.Contains("none writes", SinkProfile.Even(2).InWords, StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_of_samples_keep_the_profile_and_a_file_without_one_is_read()
    {
        using var scratch = new ScratchFolder();
        long[] counts = [1, 2, 3];
        SampleSums[] samples = [.. Enumerable.Range(0, 4).Select(i => SampleSums.Empty(3, [1, 3], counts) with
        {
            Sinks = new([0.1 * i, 0.2, 0.3], [i, 2, 3], [4, 5, 6 + i], [7, 8 * i, 9]),
        })];
        SampleSumsFile.Write(scratch.At("new"), samples, [1, 3]);
        var read = SampleSumsFile.Read(scratch.At("new"), [1, 3]).Samples;
        foreach (var (expected, found) in samples.Zip(read))
        {
            Assert.Equal(expected.Sinks!.FirstCosine, found.Sinks!.FirstCosine);
            Assert.Equal(expected.Sinks.FirstInputNorm, found.Sinks.FirstInputNorm);
            Assert.Equal(expected.Sinks.FirstOutputNorm, found.Sinks.FirstOutputNorm);
            Assert.Equal(expected.Sinks.LargestNormRatio, found.Sinks.LargestNormRatio);
        }
        SampleSumsFile.Write(scratch.At("old"), [.. samples.Select(sample => sample with { Sinks = null })], [1, 3]);
        Assert.All(SampleSumsFile.Read(scratch.At("old"), [1, 3]).Samples, sample => Assert.Null(sample.Sinks));
    }

    private static double[][] Rows(Tensor x) =>
        [.. x.to(ScalarType.Float64).unbind(0).Select(row => row.contiguous().data<double>().ToArray())];

    private static double Norm(double[] row) => Math.Sqrt(row.Sum(x => x * x));

    private static void Near(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-5 * Math.Max(1, Math.Abs(expected)), $"{actual} instead of {expected}");
}
