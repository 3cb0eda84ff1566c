using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class AnchorLossTests
{
    private const double Scale = 0.25, StateScale = 0.4;

    // Anchors between tuned layers, below the lowest, behind the last, and behind the layers that visual features enter.
    [Theory]
    [InlineData(new[] { 1, 3 }, new[] { 0, 2 }, false, 0.0, true)]
    [InlineData(new[] { 1, 3 }, new[] { 2, 3 }, false, 0.0, false)]
    [InlineData(new[] { 0, 2 }, new[] { 1, 3 }, false, 0.6, true)]
    [InlineData(new[] { 0 }, new[] { 0 }, false, 1.0, false)]
    [InlineData(new int[0], new[] { 0, 1 }, true, 0.0, true)]
    [InlineData(new[] { 2 }, new[] { 1, 2, 3 }, true, 0.3, false)]
    public void Loss_and_gradients_equal_those_of_one_pass_with_the_formula_written_out(int[] tuned, int[] layers, bool projector, double weight, bool recompute)
    {
        using var scope = NewDisposeScope();
        using var model = LossGradientTests.Random(4, tied: true);
        using var parent = LossGradientTests.Random(6, tied: true, seed: 8);
        var trained = TrainedParameters.Of(model, tuned, projector);
        Anchor[] anchors = [.. layers.Select(layer => new Anchor(layer, layer + 2))];
        using var batch = Batch.Pack([LossGradientTests.Conversation(5, (2, 1)), LossGradientTests.Conversation(9, (1, 1)), LossGradientTests.Conversation(4)], CPU);

        var (rows, own) = States(model, batch, anchor => anchor.Layer);
        Dictionary<Anchor, Tensor> others;
        Tensor othersRows;
        using (no_grad()) (othersRows, others) = States(parent, batch, anchor => anchor.Original);
        Tensor squares = stack([.. anchors.Select(anchor => Square(own[anchor] - others[anchor]))]).sum();
        Tensor answers = nn.functional.cross_entropy(model.Logits(rows), batch.AnswerIds, reduction: nn.Reduction.Sum);
        if (weight > 0)
        {
            Tensor p = nn.functional.log_softmax(parent.Logits(othersRows).detach(), -1), q = nn.functional.log_softmax(model.Logits(rows), -1);
            answers = answers.Times(1 - weight).Plus((p.exp() * (p - q)).sum().Times(weight));
        }
        answers.Times(Scale).Plus(squares.Times(StateScale)).backward();
        var plain = trained.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value.grad!.clone());
        foreach (var parameter in trained.Parameters) parameter.Value.grad!.zero_();
        Assert.True(squares.item<float>() > 0.1);

        var loss = new LossGradient(model, recompute, headRows: 3, new(parent, weight, 1, anchors)).Accumulate(batch, Scale, StateScale);
        Assert.Equal(answers.item<float>(), loss.Answers, 1e-4 * Math.Abs(answers.item<float>()));
        Assert.Equal(squares.item<float>(), loss.States, 1e-4 * squares.item<float>());
        foreach (var parameter in trained.Parameters)
        {
            double norm = plain[parameter.Name].norm().item<float>(), difference = (parameter.Value.grad! - plain[parameter.Name]).norm().item<float>();
            Assert.True(norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
        }
        Assert.All(parent.Parameters, parameter => Assert.Null(parameter.Value.grad));

        (Tensor, Dictionary<Anchor, Tensor>) States(VisionLanguageModel of, Batch batch, Func<Anchor, int> place)
        {
            var found = new Dictionary<Anchor, Tensor>();
            Tensor hidden = of.Hidden(batch, (l, layer, x) =>
            {
                Tensor output = layer(x);
                foreach (var anchor in anchors.Where(anchor => place(anchor) == l)) found[anchor] = output.alias();
                return output;
            });
            return (hidden.index_select(0, batch.AnswerRows), found);
        }
    }

    private static Tensor Square(Tensor difference) => difference.mul(difference).sum();

    [Fact]
    public void One_embedding_serves_both_models_where_both_make_the_same()
    {
        using var scope = NewDisposeScope();
        using var samples = new PreparedSamples(TinyCheckpoints.Tied, 4);
        using var parent = samples.Open();
        using var batch = Batch.Pack(samples.Encoded(0, 1, 2, 3), CPU);
        Assert.NotEmpty(batch.Images);
        TrainedParameters.Of(samples.Loaded.Model, [4]);
        var distillation = new Distillation(parent.Model, 0.5, 1, [new(5, 6), new(9, 11)]);
        Assert.True(distillation.EmbedsAsIn(samples.Loaded.Model));
        var alone = distillation.Teach(batch);
        var (x0, pass) = samples.Loaded.Model.Embed(batch);
        using (pass)
        {
            var shared = distillation.Teach(batch, x0, pass.Added);
            Assert.True(shared.Rows!.eq(alone.Rows!).all().item<bool>());
            Assert.Equal([5, 9], shared.States.Keys);
            Assert.All(shared.States, state => Assert.True(state.Value.eq(alone.States[state.Key]).all().item<bool>()));
            Assert.False(x0.IsInvalid || pass.Added!.Levels[0].IsInvalid);
        }
        var gradient = new LossGradient(samples.Loaded.Model, distillation: distillation);
        foreach (var parameter in parent.Model.Vision!.Parameters) parameter.Dispose();   // a second pass of the encoder would need them
        Assert.True(gradient.Accumulate(batch, 1, 1).IsFinite);
    }

    [Fact]
    public void Where_the_projector_is_trained_or_another_each_model_embeds_for_itself()
    {
        using var scope = NewDisposeScope();
        using var samples = new PreparedSamples(TinyCheckpoints.Tied, 4);
        using var parent = samples.Open();
        using var batch = Batch.Pack(samples.Encoded(0, 1), CPU);
        var distillation = new Distillation(parent.Model, 0, 1, [new(5, 6)]);
        using (no_grad()) samples.Loaded.Model.Projector[0].Exchange(samples.Loaded.Model.Projector[0].Value.Times(1.5)).Dispose();
        Assert.False(distillation.EmbedsAsIn(samples.Loaded.Model));
        TrainedParameters.Of(samples.Loaded.Model, [4]);
        var expected = distillation.Teach(batch).States[5];
        Tensor? own = null;
        using (no_grad())
        {
            samples.Loaded.Model.Hidden(batch, (l, layer, x) =>
            {
                Tensor output = layer(x);
                if (l == 5) own = output.alias();
                return output;
            });
        }
        double squares = Square(own! - expected).item<float>();
        Assert.Equal(squares, new LossGradient(samples.Loaded.Model, distillation: distillation).Accumulate(batch, 1, 1).States, 1e-4 * squares);
    }

    [Fact]
    public void The_memory_of_the_states_is_part_of_the_estimate()
    {
        using var model = LossGradientTests.Random(3, tied: true);
        using var parent = LossGradientTests.Random(9, tied: true);
        var tuned = TrainedParameters.Of(model, [1]);
        long Bytes(double distill, int anchors) => MemoryEstimate.For(model, tuned, new(Distill: distill), parent: parent, anchors: anchors).Parent;
        Assert.Equal(4L * 4096 * model.HiddenSize, Bytes(0, 3) - Bytes(0, 2));
        Assert.True(Bytes(0.5, 2) > Bytes(0, 2));
    }
}
