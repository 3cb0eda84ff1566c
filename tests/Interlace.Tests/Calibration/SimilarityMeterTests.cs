using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Calibration;

public class SimilarityMeterTests
{
    public static TheoryData<string> Checkpoints => [.. Goldens.Checkpoints.Where(name => File.Exists(Shared.At("fixtures/qwen3vl/similarity", $"{name}.json")))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void Cosines_of_every_sample_and_class_equal_the_reference(string checkpoint)
    {
        using var model = Goldens.Open(checkpoint);
        JsonNode recorded = Goldens.Recorded("similarity", checkpoint);
        var names = recorded["samples"]!.AsObject().Select(s => s.Key).ToArray();
        var meter = new SimilarityMeter(model.Layers.Count, [1, 3]);
        using var batch = Batch.Pack([.. names.Select(name => Goldens.Sample(checkpoint, name))], Goldens.Device);
        SampleSums[] sums = meter.Measure(model, batch);
        double worst = 0;
        foreach (var (name, sample) in names.Zip(sums))
        {
            JsonNode expected = recorded["samples"]![name]!;
            foreach (var (span, kind) in new[] { (1, "layer"), (3, "triplet") })
                foreach (var (c, (token, kindName)) in new[] { (TokenKind.Image, "image"), (TokenKind.Prompt, "prompt_text"), (TokenKind.Answer, "answer") }.Index())
                {
                    long count = sample.Counts[(int)token];
                    Assert.Equal(expected["counts"]![kindName]!.GetValue<long>(), count);
                    foreach (var (i, sum) in Goldens.Doubles(expected[$"{kind}_sums"]![kindName]!).Index())
                    {
                        double deviation = Math.Abs(sample.Spans[span].Sums[i * SimilarityMeter.Classes + c] - sum);
                        Assert.True(deviation <= 1e-4 * count, $"{name} {kind} {i} {kindName}: {deviation}");
                    }
                }
        }
        var spans = LayerSimilarity.Aggregate(sums, [1, 3]);
        foreach (var (span, kind) in new[] { (0, "layer"), (1, "triplet") })
            foreach (var (i, mean) in Goldens.Doubles(recorded["aggregate"]![$"{kind}_token_mean"]!).Index())
            {
                worst = Math.Max(worst, Math.Abs(spans[span].Mean[i] - mean));
                Assert.True(Math.Abs(spans[span].Mean[i] - mean) <= 2e-6, $"{kind} {i}: {spans[span].Mean[i]} for {mean}");
            }
        TestContext.Current.SendDiagnosticMessage($"{checkpoint}: largest deviation of a mean {worst:g2}");
    }

    [Fact]
    public void A_pass_leaves_no_tensor()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 1);
        var model = prepared.Loaded.Model;
        using var batch = Batch.Pack(prepared.Encoded(0), CPU);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        new SimilarityMeter(model.Layers.Count, [1, 3]).Measure(model, batch);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
