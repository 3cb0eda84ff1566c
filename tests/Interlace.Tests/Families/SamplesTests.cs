using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Families;

/// <summary>
/// What holds of samples in a model of every family, whatever its weights are: packing, layers left out, gradients, answers.
/// </summary>
public class SamplesTests
{
    public static TheoryData<string> Tiny => [TinyCheckpoints.Tied, TinyCheckpoints.Untied, TinyCheckpoints.Text, TinyCheckpoints.Experts];
    public static TheoryData<string> Families => [.. FamilyGoldens.Names];

    [Theory, MemberData(nameof(Tiny))]
    public void Packed_samples_compute_what_they_compute_alone(string model) => ComputeAlike(model);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Packed_samples_of_every_family_compute_what_they_compute_alone(string family) => ComputeAlike(Published(family));

    [Theory, MemberData(nameof(Tiny))]
    public void Skipping_layers_equals_removing_them(string model) => SkipAsRemoved(model);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Skipping_layers_equals_removing_them_in_every_family(string family) => SkipAsRemoved(Published(family));

    [Theory, MemberData(nameof(Tiny))]
    public void Gradients_layer_by_layer_equal_those_of_one_pass_through_the_whole_model(string model) => LearnAlike(model);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Gradients_layer_by_layer_equal_those_of_one_pass_in_every_family(string family) => LearnAlike(Published(family));

    [Theory, MemberData(nameof(Tiny))]
    public void Answers_are_trained_with_the_token_that_ends_them_and_nothing_else_is(string model) => TrainAnswers(model);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Answers_are_trained_with_the_token_that_ends_them_in_every_family(string family) => TrainAnswers(Published(family));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Gradients_of_the_projector_equal_those_of_one_pass_in_every_family_that_has_one(string family)
    {
        using var model = LoadedModel.Open(Published(family), CPU, ScalarType.Float32);
        Assert.Equal(model.Processor.ReadsImages, model.Model.Projector.Count > 0);
        if (model.Processor.ReadsImages) LearnAlike(Published(family), projector: true);
        else Assert.Contains("reads text alone", Assert.Throws<InputException>(() => TrainedParameters.Of(model.Model, [], projector: true)).Message);
    }

    [Fact]
    public void Gradients_of_the_projector_equal_those_of_one_pass() => LearnAlike(TinyCheckpoints.Untied, projector: true);

    private static void ComputeAlike(string folder)
    {
        using var _ = no_grad();
        using var prepared = new PreparedSamples(folder, 4);
        var (model, samples) = (prepared.Loaded.Model, prepared.Encoded(Enumerable.Range(0, 4)));
        using var packed = Batch.Pack([.. samples, .. samples.Reverse()], CPU);
        Tensor together = model.Logits(model.Hidden(packed));
        int at = 0;
        foreach (var sample in samples.Concat(samples.Reverse()))
        {
            using var single = Batch.Pack([sample], CPU);
            double deviation = Deviation(model.Logits(model.Hidden(single)), together.narrow(0, at, sample.Length));
            Assert.True(deviation <= 2e-5, $"{deviation}");
            at += sample.Length;
        }
    }

    private static void SkipAsRemoved(string folder)
    {
        using var _ = no_grad();
        using var scratch = new ScratchFolder();
        using var prepared = new PreparedSamples(folder, 4);
        var model = prepared.Loaded.Model;
        int layers = model.Layers.Count, first = model.AddedLevels;
        using var batch = Batch.Pack(prepared.Encoded(Enumerable.Range(0, 4)), CPU);
        foreach (var (i, drop) in new[] { [first], [layers - 1], new[] { first + 1, first + 4, layers - 3 }.Distinct().ToArray() }.Index())
        {
            // Additions of visual features stay where they are as long as no layer before them goes.
            Tensor skipped = model.Logits(model.Hidden(batch, (l, layer, x) => drop.Contains(l) ? x : layer(x)));
            LayerRemoval.Prune(folder, PruningPlan.Create(layers, drop, []), scratch.At($"pruned{i}"));
            using var pruned = LoadedModel.Open(scratch.At($"pruned{i}"), CPU, ScalarType.Float32).Model;
            Assert.Equal(0, Deviation(skipped, pruned.Logits(pruned.Hidden(batch))));
            using var kept = model.Keep([.. Enumerable.Range(0, layers).Except(drop)]);
            Assert.Equal(0, Deviation(skipped, kept.Logits(kept.Hidden(batch))));
        }
    }

    private static void LearnAlike(string folder, bool projector = false)
    {
        using var scope = NewDisposeScope();
        using var prepared = new PreparedSamples(folder, 4);
        var model = prepared.Loaded.Model;
        var tuned = TrainedParameters.Of(model, [model.AddedLevels + 1, model.Layers.Count - 2], projector).Parameters;
        using var batch = Batch.Pack(prepared.Encoded(Enumerable.Range(0, 4)), CPU);
        const double scale = 0.25;

        Tensor rows = model.Hidden(batch).index_select(0, batch.AnswerRows);
        Tensor sum = nn.functional.cross_entropy(model.Logits(rows), batch.AnswerIds, reduction: nn.Reduction.Sum);
        sum.Times(scale).backward();
        Tensor[] whole = [.. tuned.Select(parameter => parameter.Value.grad!.clone())];
        foreach (var parameter in tuned) parameter.Value.grad!.zero_();

        double loss = new LossGradient(model, recompute: true, headRows: 3).Accumulate(batch, scale);
        Assert.Equal(sum.item<float>(), loss, 1e-4 * loss);
        foreach (var (parameter, expected) in tuned.Zip(whole))
        {
            double norm = expected.norm().item<float>(), difference = (parameter.Value.grad! - expected).norm().item<float>();
            Assert.True(norm > 0 && difference <= 1e-4 * norm, $"{parameter.Name}: {difference} of {norm}");
        }
    }

    private static void TrainAnswers(string folder)
    {
        using var loaded = LoadedModel.Open(folder, CPU, ScalarType.Float32);
        string[] answers = ["It is red.", "No, two of them."];
        var sample = loaded.Processor.Encode(
            [new("user", "Which colour is it?"), new("assistant", answers[0]), new("user", "Only one?"), new("assistant", answers[1])], []);
        List<List<int>> trained = [];
        foreach (var (t, kind) in sample.Kinds.Index())
        {
            if (kind != TokenKind.Answer) continue;
            if (sample.Kinds[t - 1] != TokenKind.Answer) trained.Add([]);
            trained[^1].Add(sample.Ids[t]);
        }
        Assert.Equal(answers, trained.Select(ids => loaded.Processor.TextOf([.. ids])));
        Assert.Contains(trained[^1][^1], loaded.StopIds);
        // Wherever the template ends an answer, that is trained too: some have nothing between two turns.
        var ends = sample.Ids.Index()
            .Where(token => loaded.StopIds.Contains(token.Item) && sample.Kinds[token.Index - 1] == TokenKind.Answer);
        Assert.All(ends, end => Assert.Equal(TokenKind.Answer, sample.Kinds[end.Index]));
    }

    private static string Published(string family) => FamilyGoldens.PathOf(family, FamilyGoldens.Published);

    private static double Deviation(Tensor expected, Tensor actual) =>
        (actual - expected).abs().max().item<float>() / expected.abs().max().item<float>();
}
