using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Importing;

/// <summary>What the search with losses and the profile of sinks make of a trained model, against the reference.</summary>
[Trait("Category", "Golden")]
public sealed partial class ImportedLossTests(ImportedModels models) : IClassFixture<ImportedModels>
{
    private const double OfSimilarities = 1e-6, OfNorms = 1e-4, OfLosses = 3e-4;   // as the material's README says

    public static TheoryData<string> Profiles =>
        [.. ImportedModels.Names.Where(name => ImportedModels.Json(name, "calibration.json")["first_position"] is not null)];

    public static TheoryData<string, string> Searches => [.. Shared.FoldersWith("loss-choice.json", "models").SelectMany(name =>
        ImportedModels.Json(name, "loss-choice.json").AsObject().Where(entry => entry.Value is JsonObject)
            .Select(entry => (name, entry.Key)))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Profiles))]
    public void The_first_positions_of_the_calibration_have_the_cosines_and_norms_of_the_reference(string name)
    {
        var loaded = models.Loaded(name);
        JsonNode golden = ImportedModels.Json(name, "calibration.json")["first_position"]!;
        // what comes later in a text changes nothing at its first position
        EncodedSample[] samples = [.. Passages(name, loaded, (int)golden["passages"]!, tokens: 2)];
        using var batch = Batch.Pack(samples, loaded.Model.Device);
        SinkProfile profile = SinkProfile.Of(new SimilarityMeter(loaded.Model.Layers.Count, [1, 3]).Measure(loaded.Model, batch))!;
        double[] cosines = Doubles(golden["layer"]!), norms = Doubles(golden["mean_norm_of_layer_input_and_last_output"]!);
        for (int l = 0; l < cosines.Length; l++)
        {
            Assert.Equal(cosines[l], profile.FirstCosine[l], OfSimilarities);
            Assert.Equal(norms[l], profile.FirstInputNorm[l], OfNorms * norms[l]);
            Assert.Equal(norms[l + 1], profile.FirstOutputNorm[l], OfNorms * norms[l + 1]);
            if (norms[l + 1] >= SinkProfile.Rise * norms[l]) Assert.Contains(l, profile.Writers);
        }
    }

    /// <summary>Many minutes: <c>dotnet test -c Release --filter-class '*ImportedLossTests*' --explicit only</c>.</summary>
    [Theory(SkipTestWithoutData = true, Explicit = true), MemberData(nameof(Searches))]
    public void The_search_measures_the_losses_of_the_reference_and_makes_its_choices(string name, string count)
    {
        var loaded = models.Loaded(name);
        JsonNode golden = ImportedModels.Json(name, "loss-choice.json");
        int[] said = [.. Numbers().Matches((string)golden["passages"]!)
            .Select(number => int.Parse(number.Value.Replace(",", ""), CultureInfo.InvariantCulture))];
        using var losses = new LayerLosses(loaded.Model, [.. Passages(name, loaded, said[0], said[1])]);
        Assert.Equal(said[2], losses.AnswerTokens);
        int layers = loaded.Model.Layers.Count, round = 0;
        double worst = 0;
        var evidence = new Evidence(layers)
        {
            LossesWithout = (removed, candidates) =>
            {
                double[] found = losses.Each([.. Enumerable.Range(0, layers).Except(removed)], candidates,
                    cancellation: TestContext.Current.CancellationToken);
                var expected = golden[count]!["rounds"]![round++]!["losses"]!.AsObject();
                Assert.Equal(expected.Count, candidates.Count);
                foreach (var (layer, loss) in candidates.Zip(found))
                {
                    double reference = (double)expected[$"{layer}"]!;
                    worst = Math.Max(worst, Math.Abs(loss - reference));
                    Assert.Equal(reference, loss, OfLosses);   // of a perplexity, relative
                }
                return found;
            },
        };
        var plan = InterlaceLoss.Select(evidence, int.Parse(count, CultureInfo.InvariantCulture), new());
        TestContext.Current.SendDiagnosticMessage($"{name}, {count} layers: largest deviation of a loss {worst:g2}");
        Assert.Equal([.. golden[count]!["dropped"]!.AsArray().Select(layer => (int)layer!).Order()], plan.Drop);
        Assert.Equal([.. golden[count]!["tuned"]!.AsArray().Select(layer => (int)layer!).Order()], plan.Tune);
    }

    private static IEnumerable<EncodedSample> Passages(string name, LoadedModel loaded, int count, int tokens) =>
        ImportedModels.Texts(name, "calibration").Take(count).Select(text => loaded.Processor.EncodeText((string)text["text"]!, tokens));

    private static double[] Doubles(JsonNode list) => [.. list.AsArray().Select(number => (double)number!)];

    [GeneratedRegex(@"\d[\d,]*")]
    private static partial Regex Numbers();
}
