using System.Diagnostics;
using Interlace.Ranks;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>
/// Gradients of a step at 25 %: ours, against the recipe of the authors' script on the same engine (a graph from the first tuned layer on,
/// every layer run again in the backward pass, logits of all tokens in fp32), once with padded and once with flattened samples. Then ours
/// against the products that nobody can do without.
/// </summary>
internal static class TrainingFigures
{
    // A quarter of the shape's layers, and of its vocabulary, so that the head has its usual share.
    private const int Layers = 6, Vocabulary = 32_768, AnswerTokens = 40, Micro = 8, TextCount = 4, TextTokens = 138;

    // Memory does not go by shares: the logits of a whole vocabulary, and as many tokens as a micro-batch may have.
    private const int WholeVocabulary = 151_936, WholeTextTokens = 409;

    private static readonly int[] Tuned = [2, 4];

    private static readonly int[] DemoTuned = [2, 6, 8, 12];

    private static string Shape => ShapedModel.Named(Layers);

    /// <summary>The demo's model on 32 of its rows.</summary>
    public static IEnumerable<Figure> Demo()
    {
        using var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32);
        TrainedParameters.Of(loaded.Model, DemoTuned);
        foreach (var figure in Recipes(loaded.Model, DemoSamples.Take(loaded, 32), "demo, fp32", rounds: 5)) yield return figure;
    }

    /// <summary>Six layers of the shape of 4b on a few texts.</summary>
    public static IEnumerable<Figure> Big()
    {
        using var model = Shaped();
        foreach (var figure in Recipes(model, Texts(), Shape, rounds: 3)) yield return figure;
    }

    /// <summary>What of a step the products take that nobody can do without.</summary>
    public static IEnumerable<Figure> Step()
    {
        using var model = Shaped();
        yield return Share(model);
    }

    /// <summary>The most memory of both, each in a process of its own.</summary>
    public static IEnumerable<Figure> Memory()
    {
        long weights = Processes.Own("child", "train", "none").Peak;
        double[] Beyond(string recipe) => [Processes.Own("child", "train", recipe).Peak - weights];
        double[] ours = Beyond("ours");
        int tokens = Texts(WholeTextTokens).Sum(text => text.Length);
        foreach (string recipe in new[] { "padded", "flattened" })
        {
            yield return Figure.Of($"memory of tuning beyond the weights, {tokens} tokens, {Shape} and its whole vocabulary", "<= 0.5",
                ("ours", ours), ($"the authors' recipe, {recipe}", Beyond(recipe)), Turns.Size);
        }
    }

    /// <summary>Layers run again against activations that are kept.</summary>
    public static IEnumerable<Figure> Recompute()
    {
        using var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32);
        TrainedParameters.Of(loaded.Model, DemoTuned);
        using var batch = Batch.Pack(DemoSamples.Take(loaded, 32), CPU);
        yield return Turns.Compare($"gradient of {batch.TokenCount} tokens, demo", "> 1",
            ("recomputed", () => new LossGradient(loaded.Model, recompute: true).Accumulate(batch, 1)),
            ("kept", () => new LossGradient(loaded.Model, recompute: false).Accumulate(batch, 1)));
    }

    /// <summary>One gradient, in a process whose memory is then looked at.</summary>
    /// <param name="recipe">none, ours, padded or flattened.</param>
    public static void Child(string recipe)
    {
        using var model = Shaped(WholeVocabulary);
        EncodedSample[] texts = Texts(WholeTextTokens);
        foreach (var run in recipe switch
        {
            "none" => Array.Empty<Action>(),
            "ours" => [Ours(model, texts)],
            "padded" => Authors(model, texts, padded: true),
            _ => Authors(model, texts, padded: false),
        })
            run();
    }

    private static IEnumerable<Figure> Recipes(VisionLanguageModel model, EncodedSample[] samples, string name, int rounds)
    {
        Action Recipe(bool padded)
        {
            var parts = Authors(model, samples, padded);
            return () =>
            {
                foreach (var part in parts) part();
            };
        }
        var times = Turns.Times(rounds, warmUp: 1, Recipe(padded: true), Recipe(padded: false), Ours(model, samples),
            Ours(model, samples, long.MaxValue));
        foreach (var (recipe, aim, authors) in new[] { ("padded", ">= 2.5", times[0]), ("flattened", ">= 1.6", times[1]) })
        {
            foreach (var (i, ours) in new[] { "ours", "ours, activations kept" }.Index())
            {
                yield return Figure.Of($"tuning at 25 %, {samples.Length} samples, {name}", aim,
                    ($"the authors' recipe, {recipe}", authors), (ours, times[i + 2]), Turns.Time);
            }
        }
    }

    /// <summary>A micro-batch goes through the model in as many parts at the same time as in tuning.</summary>
    private static Action Ours(VisionLanguageModel model, EncodedSample[] samples, long kept = 0) => () =>
    {
        int[] places = Sharing.Out([.. samples.Select(sample => (long)sample.Length)], model.Parts);
        EncodedSample[] Of(int part) => [.. samples.Where((_, i) => places[i] == part)];
        Batch[] parts = [.. Enumerable.Range(0, model.Parts).Select(part => Batch.Pack(Of(part), CPU))];
        new LossGradient(model) { KeptBytes = kept }.Accumulate(parts, 1, 0);
        foreach (var part in parts) part.Dispose();
        Forget(model);
    };

    /// <summary>
    /// Every token counts as one of an answer, so that the head sees all of them, at once; padded samples are as long as the longest of
    /// their micro-batch.
    /// </summary>
    private static Action[] Authors(VisionLanguageModel model, EncodedSample[] samples, bool padded) =>
        [.. samples.Chunk(Micro).Select<EncodedSample[], Action>(part => () =>
        {
            int longest = part.Max(sample => sample.Length);
            using var batch = Batch.Pack([.. part.Select(sample => AllAnswer(padded ? Padded(sample, longest) : sample))], CPU);
            new LossGradient(model, recompute: true, headRows: int.MaxValue).Accumulate(batch, 1);
            Forget(model);
        })];

    private static EncodedSample Padded(EncodedSample sample, int length) =>
        sample.Followed([.. Enumerable.Repeat(sample.Ids[^1], length - sample.Length)]);

    private static EncodedSample AllAnswer(EncodedSample sample) => sample with { Trained = [.. Enumerable.Repeat(true, sample.Length)] };

    private static void Forget(VisionLanguageModel model)
    {
        foreach (var parameter in model.Parameters.Where(parameter => parameter.IsTrainable)) parameter.Value.grad = null;
    }

    private static VisionLanguageModel Shaped(int vocabulary = Vocabulary)
    {
        var model = ShapedModel.Create("4b", ShapedModel.Type, Layers, vocabulary: vocabulary);
        TrainedParameters.Of(model, Tuned);
        return model;
    }

    /// <summary>Texts as different in length as conversations are.</summary>
    /// <param name="tokens">Those of the shortest; the others have two, three and four times as many.</param>
    private static EncodedSample[] Texts(int tokens = TextTokens) =>
        [.. Enumerable.Range(1, TextCount).Select(i => ShapedModel.Text(tokens * i, AnswerTokens))];

    private static Figure Share(VisionLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        EncodedSample[] samples = [ShapedModel.Text(512, AnswerTokens), ShapedModel.Text(512, AnswerTokens)];
        int tokens = samples.Sum(sample => sample.Length);
        var products = LayerProducts.Of(model.Layers[0], tokens, ShapedModel.Type, sequences: samples.Length);
        Tensor head = model.InputParameters[0].Value, answers = randn(samples.Length * AnswerTokens, model.HiddenSize).to(ShapedModel.Type);
        return Turns.Compare($"tuning step, {Shape}, {tokens} tokens: share of the products it cannot do without",
            ">= 0.75", ("products", () =>
            {
                for (int layer = 0; layer < Layers; layer++)
                {
                    products.Run();
                    if (layer >= Tuned[0]) products.RunBackward(layer > Tuned[0], Tuned.Contains(layer));
                }
                using var own = NewDisposeScope();
                Products.Linear(Products.Linear(answers, head), head.t());
            }), ("step", Ours(model, samples, long.MaxValue)), rounds: 5);
    }
}
