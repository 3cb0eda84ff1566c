using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class TaylorImportanceTests
{
    [Fact]
    public void Importance_is_that_of_one_gradient_of_the_mean_loss_over_all_samples()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 7);
        var samples = prepared.Encoded(Enumerable.Range(0, 7));
        var (scores, loss) = TaylorImportance.Measure(prepared.Loaded.Model, samples, batchTokens: 150);

        using var scope = NewDisposeScope();
        using var plain = prepared.Open();
        foreach (var parameter in plain.Model.Parameters) parameter.Train();
        using var batch = Batch.Pack(samples, CPU);
        Tensor logits = plain.Model.Logits(plain.Model.Hidden(batch)).index_select(0, batch.AnswerRows), mean = nn.functional.cross_entropy(logits, batch.AnswerIds);
        mean.backward();
        Assert.Equal(mean.item<float>(), loss, 1e-5);
        Assert.Equal(12, scores.Length);
        foreach (var (l, layer) in plain.Model.Layers.Index())
        {
            double expected = layer.Parameters.Sum(parameter => (double)(parameter.Value.detach() * parameter.Value.grad!).abs().sum().item<float>());
            Assert.True(expected > 0 && Math.Abs(scores[l] - expected) <= 1e-4 * expected, $"layer {l}: {scores[l]} instead of {expected}");
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_few_layers_at_a_time_give_the_same_and_leave_the_weights_as_they_were(bool broad)
    {
        using var prepared = new PreparedSamples(broad ? TinyCheckpoints.Broad : TinyCheckpoints.Tied, 4);
        var (model, samples) = (prepared.Loaded.Model, prepared.Encoded(Enumerable.Range(0, 4)));
        Tensor[] before = [.. model.Parameters.Select(parameter => parameter.Value)];
        var all = TaylorImportance.Measure(model, samples);
        var few = TaylorImportance.Measure(model, samples, memory: 0);
        Assert.Equal(all.Scores, few.Scores);
        Assert.Equal(all.Loss, few.Loss);
        Assert.All(model.Parameters.Zip(before), pair => Assert.Same(pair.Second, pair.First.Value));
        Assert.DoesNotContain(model.Parameters, parameter => parameter.IsTrainable);
    }
}
