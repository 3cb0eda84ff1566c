using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Pruning;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Tests.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;

namespace Interlace.Tests.Calibration;

/// <summary>The similarities that the authors' calibration gives: prompts alone, states as transformers records them, samples as equals.</summary>
public class AuthorsCalibrationTests
{
    private static readonly Dictionary<string, string> Releases = new() { ["recorded_4_57"] = "transformers-4.57", ["recorded_5_23"] = "transformers-5" };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        if (!File.Exists(Shared.At("fixtures", "authors", "calibration.json"))) return cases;
        foreach (var (run, _) in Runs())
            foreach (string release in Releases.Keys) cases.Add(run, release);
        return cases;
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Cases)), Trait("Category", "Golden")]
    public void Cosines_means_and_selections_equal_those_of_the_authors_functions(string run, string release)
    {
        JsonNode golden = Runs()[run]!, recorded = golden[release]!["torchvision"]!;
        using var loaded = LoadedModel.Open(Shared.Require(golden["model"]!.GetValue<string>()), Goldens.Device, ScalarType.Float32);
        int layers = golden["layers"]!.GetValue<int>();
        var meter = new SimilarityMeter(layers, [1, 2, 3], states: Releases[release]);
        var records = Shared.Json("fixtures", "authors", golden["data"]!.GetValue<string>()).AsArray();
        var samples = new List<SampleSums>();
        bool allStored = true;
        double worst = 0;
        foreach (var (s, sample) in golden["samples"]!.AsArray().Index())
        {
            var (encoded, stored) = Encode(loaded.Processor, golden, sample!, records[sample!["record"]!.GetValue<int>()]!);
            Assert.Equal(Goldens.Ints(sample["input_ids"]!), encoded.Ids);
            using var batch = Batch.Pack([encoded], loaded.Model.Device);
            samples.Add(meter.Measure(loaded.Model, batch)[0]);
            allStored &= stored;
            for (int span = 1; span <= 3; span++)
            {
                double[] expected = Goldens.Doubles(recorded[$"pack{span}"]!["per_sample"]![s]!);
                foreach (var (i, cosine) in expected.Index())
                {
                    double deviation = Math.Abs(SampleMeans.Of([samples[s]], span, "all")[i] - cosine);
                    if (stored) worst = Math.Max(worst, deviation);
                    Assert.True(deviation <= (stored ? 5e-6 : 1e-3), $"sample {s}, pack {span}, {i}: {deviation}");
                }
            }
        }
        for (int span = 1; span <= 3; span++)
            foreach (var (i, mean) in Goldens.Doubles(recorded[$"pack{span}"]!["mean_over_samples"]!).Index())
                Assert.True(Math.Abs(SampleMeans.Of(samples, span, "all")[i] - mean) <= (allStored ? 5e-6 : 1e-3), $"pack {span}, {i}");
        foreach (var (ratio, selection) in recorded["interlace"]!.AsObject())
        {
            var evidence = new Evidence(layers)
            {
                LayerSimilarity = SampleMeans.Of(samples, 1, "all"), TripletSimilarity = SampleMeans.Of(samples, 3, "all"),
                WindowSimilarity = length => SampleMeans.Of(samples, length, "all"),
            };
            var plan = Methods.Plan("interlace", evidence, double.Parse(ratio, System.Globalization.CultureInfo.InvariantCulture),
                new(SelectionRules: new(Weighting.Samples, Tie.First, LastSpan: false, Shortage.Pairs)));
            Assert.Equal(GoldenPlans.Integers(selection!["dropped_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Drop));
            Assert.Equal(GoldenPlans.Integers(selection["tuned_in_order"]), plan.Origin.Choices.SelectMany(choice => choice.Tune));
        }
        TestContext.Current.SendDiagnosticMessage($"{run} {release}: largest deviation on the same pixels {worst:g2}");
    }

    [Fact]
    public void Under_bf16_the_mean_of_a_sample_has_eight_bits()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 2);
        var model = prepared.Loaded.Model;
        using var batch = Batch.Pack(prepared.Encoded(0, 1), CPU);
        var (exact, rounded) = (new SimilarityMeter(model.Layers.Count, [1, 2]).Measure(model, batch),
            new SimilarityMeter(model.Layers.Count, [1, 2], cosines: "bf16").Measure(model, batch));
        foreach (var (one, other) in exact.Zip(rounded))
            foreach (int span in new[] { 1, 2 })
            {
                double[] means = SampleMeans.Of([one], span, "all"), eight = SampleMeans.Of([other], span, "all");
                foreach (var (mean, found) in means.Zip(eight))
                {
                    Assert.Equal(0u, BitConverter.SingleToUInt32Bits((float)found) & 0xFFFF);
                    Assert.InRange(found, mean - 0.004, mean + 0.004);
                }
                Assert.NotEqual(means, eight);
            }
    }

    private static (EncodedSample Encoded, bool Stored) Encode(Processor processor, JsonNode run, JsonNode sample, JsonNode record)
    {
        string text = record["conversations"]![0]!["value"]!.GetValue<string>();
        string[] files = [.. sample["images"]!.AsArray().Select(file => file!.GetValue<string>())];
        var stored = files.Select(file => StoredImage(run["model"]!.GetValue<string>(), file)).ToArray();
        VisualInput[] images = [.. files.Zip(stored, (file, resized) =>
        {
            byte[] bytes = File.ReadAllBytes(Shared.Require(run["images_relative_to"]!.GetValue<string>(), file));
            var prepared = processor.Prepare(ImageDecoder.Decode(bytes, file, new ImageDecoding(ApplyOrientation: true, TransparencyOnWhite: false)), files.Length);
            return resized is null ? prepared : prepared with { Tiles = [resized] };
        })];
        var message = new ChatMessage("user", [.. images.Select(_ => new ImagePart()),
            new TextPart(record["image"] is null ? text : text.Replace("<image>\n", "", StringComparison.Ordinal))]);
        return (processor.EncodePrepared([message], images, addGenerationPrompt: true), stored.All(image => image is not null));
    }

    private static RgbImage? StoredImage(string model, string file)
    {
        foreach (string store in new[] { Shared.At("fixtures", "authors", "calibration-resized.safetensors"), Goldens.PathOf("forward", "resized-rgb.safetensors") })
        {
            using var images = SafeTensorsFile.Open(store);
            string key = $"{(model.StartsWith("demo", StringComparison.Ordinal) ? "demo" : Path.GetFileName(model))}/{file}";
            if (images.Tensors.FirstOrDefault(tensor => tensor.Name == key) is { } entry)
                return new((int)entry.Shape[1], (int)entry.Shape[0], images.Bytes(entry).ToArray());
        }
        return null;
    }

    private static JsonObject Runs() => Shared.Json("fixtures", "authors", "calibration.json")["runs"]!.AsObject();
}
