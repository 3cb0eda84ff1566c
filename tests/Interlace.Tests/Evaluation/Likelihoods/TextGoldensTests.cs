using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Evaluation.Likelihoods;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Importing;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Evaluation.Likelihoods;

/// <summary>
/// Texts through the whole stages on a trained model: perplexities, choices, similarities and SLEB's rounds equal the reference's.
/// What takes longer is explicit: <c>dotnet test -c Release --filter-class '*TextGoldensTests*' --explicit only</c>.
/// </summary>
[Trait("Category", "Golden")]
public sealed class TextGoldensTests(ImportedModels models) : IClassFixture<ImportedModels>, IDisposable
{
    // What the material names.
    private const double OfPerplexity = 1e-4, OfSums = 2e-3, OfSimilarities = 1e-6;

    private readonly ScratchFolder _scratch = new();
    private readonly Compute _compute = new(CPU, ScalarType.Float32, 1);

    public static TheoryData<string> Names => [.. ImportedModels.Names];

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void A_few_choices_have_the_likelihoods_of_the_reference(string name) => SameChoices(name, 4);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Names))]
    public void A_window_has_the_likelihood_of_the_reference(string name) => SamePerplexities(name, domains: 1, windows: 1);

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void All_choices_are_those_of_the_reference(string name) => SameChoices(name, null);

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void All_perplexities_are_those_of_the_reference(string name) => SamePerplexities(name, int.MaxValue, null);

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void Similarities_over_passages_are_those_of_the_reference(string name)
    {
        var golden = ImportedModels.Json(name, "calibration.json");
        int passages = (int)golden["passages"]!, tokens = (int)golden["tokens"]!;
        var experiment = new Experiment(Data: First(name, passages, tokens / passages), Calibrate: new(Fraction: 1, Pairs: true));
        var found = CalibrationStage.Run(models.Loaded(name), new Job(experiment, _compute), _scratch.Path);
        Assert.Equal((passages, tokens), (found.Samples, found.Tokens.Values.Sum()));
        foreach (var (length, key) in new[] { (1, "layer"), (2, "pair"), (3, "triplet") })
        {
            double[] expected = Doubles(golden[key]!), own = found.Spans.Single(span => span.Length == length).Mean;
            Assert.Equal(expected.Length, own.Length);
            for (int i = 0; i < own.Length; i++) Assert.Equal(expected[i], own[i], OfSimilarities);
        }
    }

    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Names))]
    public void Rounds_of_sleb_over_passages_are_those_of_the_reference(string name)
    {
        JsonNode golden = ImportedModels.Json(name, "results.json")["sleb"]!;
        JsonArray rounds = golden["rounds"]!.AsArray();
        int passages = (int)golden["passages"]!;
        var loaded = models.Loaded(name);
        var experiment = new Experiment(Data: First(name, passages, (int)golden["tokens_per_passage"]!),
            Calibrate: new(Fraction: 1, EvidenceSamples: passages, SlebRatio: (rounds.Count + 0.5) / loaded.Model.Layers.Count)).Complete();
        EvidenceStage.Run(EvidenceFiles.Sleb, loaded, new Job(experiment, _compute), _scratch.Path);
        var order = RemovalOrder.Load(EvidenceFiles.PathOf(_scratch.Path, EvidenceFiles.Sleb));
        Assert.Equal((int)golden["predicted_tokens"]!, order.AnswerTokens);
        Assert.Equal(rounds.Select(round => (int)round!["removed"]!), order.Rounds.Select(round => round.Removed));
        double before = order.Loss;
        foreach (var (expected, own) in rounds.Zip(order.Rounds))
        {
            Assert.InRange(Math.Exp(before - (double)expected!["loss_before"]!), 1 - OfPerplexity, 1 + OfPerplexity);
            foreach (var (candidate, loss) in own.Candidates.Zip(own.Losses).Where(pair => double.IsFinite(pair.Second)))
                Assert.InRange(Math.Exp(loss - (double)expected["losses"]![$"{candidate}"]!), 1 - OfPerplexity, 1 + OfPerplexity);
            before = own.Loss;
        }
    }

    private void SamePerplexities(string name, int domains, int? windows)
    {
        JsonObject dense = ImportedModels.Json(name, "results.json")["perplexity"]!["dense"]!.AsObject();
        var known = dense.Where(entry => entry.Value is JsonObject).Take(domains).ToArray();
        Assert.NotEmpty(known);
        var found = Run(name, new(Texts: [.. known.Select(domain => Text(name, $"test.{domain.Key}"))], Limit: windows));
        foreach (var ((domain, expected), own) in known.Zip(found.Texts))
        {
            double[] sums = [.. Doubles(expected!["nll_of_windows"]!).Take(windows ?? int.MaxValue)];
            int tokens = (int)expected["predicted_tokens"]! / expected["nll_of_windows"]!.AsArray().Count;
            Assert.Equal(($"test.{domain}", sums.Length, (long)sums.Length * tokens), (own.Name, own.Rows, own.Tokens));
            double perplexity = windows is null ? (double)expected["perplexity"]! : Math.Exp(sums.Sum() / own.Tokens);
            Assert.InRange(own.Perplexity / perplexity, 1 - OfPerplexity, 1 + OfPerplexity);
        }
    }

    private void SameChoices(string name, int? limit)
    {
        JsonNode dense = ImportedModels.Json(name, "results.json")["multiple_choice"]!["dense"]!;
        var found = Run(name, new(Choices: [Text(name, "choices")], Limit: limit)).Choices.Single();
        var rows = RowLikelihood.Read(LikelihoodsFolder.Rows(_scratch.Path, LikelihoodKind.Choices, found.Name));
        JsonArray first = [.. dense.AsObject().Single(entry => entry.Key.StartsWith("first", StringComparison.Ordinal)).Value!.AsArray()
            .Select(item => item!.DeepClone())];
        Assert.NotEmpty(first);
        foreach (var (expected, own) in first.Zip(rows))
        {
            Assert.Equal(expected!["tokens"]!.AsArray().Select(n => (int)n!), own.Tokens);
            foreach (var (sum, log) in Doubles(expected["sum_logprob"]!).Zip(own.LogLikelihoods)) Assert.Equal(sum, log, OfSums);
        }
        string predictions = (string)dense["predictions"]!;
        Assert.Equal(predictions[..(limit ?? predictions.Length)], string.Concat(rows.Select(row => (char)('A' + row.Choice))));
        if (limit is not null) return;
        double Percent(string key) => 100 * (double)dense[key]! / (double)dense["items"]!;
        Assert.Equal((Percent("correct"), Percent("correct_unnormalised")), (found.Percent, found.PercentBySum));
    }

    private LikelihoodsFile Run(string name, EvaluationOptions options) =>
        new LikelihoodStage(models.Loaded(name), new Job(new Experiment(Evaluate: options), _compute), _scratch.Path)
            .Run(LikelihoodStage.Open(options));

    /// <summary>The first passages of the calibration's texts.</summary>
    private static DataOptions First(string name, int passages, int tokens)
    {
        string path = Text(name, "calibration");
        return new(path, Rate: (passages + 0.5) / DataSource.Open(path).Rows, Draw: "first", TextTokens: tokens);
    }

    private static string Text(string name, string file) => Shared.Require("models", name, "text", $"{file}.jsonl.gz");

    private static double[] Doubles(JsonNode node) => [.. node.AsArray().Select(n => (double)n!)];
}
