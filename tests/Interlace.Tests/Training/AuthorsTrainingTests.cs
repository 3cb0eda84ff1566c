using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Tests.Text;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

/// <summary>What the authors' training shows a model and takes the loss on: ids, targets, sizes of images, positions, losses.</summary>
[Trait("Category", "Golden")]
public class AuthorsTrainingTests
{
    private const string Folder = "fixtures/authors";

    public static TheoryData<string> Runs()
    {
        var runs = new TheoryData<string>();
        if (File.Exists(Shared.At(Folder, "training-samples.json")))
            foreach (var (run, _) in Golden()["runs"]!.AsObject()) runs.Add(run);
        return runs;
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void Samples_have_the_authors_ids_targets_sizes_and_positions(string run)
    {
        using var opened = new Opened(run);
        var samples = opened.Run["samples"]!.AsArray();
        Assert.NotEmpty(samples);
        int[] order = [.. samples.Select(sample => (int)sample!["record"]!)];
        var (found, strict) = (opened.Load(order), opened.Load(order, "assistant_strict"));
        foreach (var (i, sample) in samples.Index())
        {
            var encoded = found[i].Encoded;
            Assert.Equal(order[i], found[i].Row);
            Assert.Equal(Goldens.Ints(sample!["input_ids"]!), encoded.Ids);
            Assert.Equal(Spans(sample["trained_spans"]!), SpansOf(encoded));
            Assert.Equal(Spans(sample["trained_spans_if_im_start_is_required"] ?? sample["trained_spans"]!), SpansOf(strict[i].Encoded));
            Assert.Equal(Goldens.Ints(sample["labels"]!), encoded.Ids.Select((id, t) => encoded.Trained![t] ? id : -100));
            Assert.Equal(Positions(sample), encoded.Positions);
            Assert.Equal(Grids(sample), encoded.Images.Select(image => (image.Tiles[0].Height / opened.Patch, image.Tiles[0].Width / opened.Patch)));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void A_failing_sample_is_replaced_by_the_next(string run)
    {
        using var opened = new Opened(run);
        foreach (var fails in opened.Run["fails"]!.AsArray())
        {
            int record = (int)fails!["record"]!;
            if (fails["replaced_by"] is { } next)
            {
                var skipped = new SkipCounts();
                var found = Assert.Single(opened.Load([record], skipped: skipped));
                Assert.Equal(opened.Load([(int)next])[0].Encoded.Ids, found.Encoded.Ids);
                Assert.Equal(1, skipped.Total);
            }
            else
            {
                Assert.Contains($"Row {record} ", Assert.Throws<InputException>(() => opened.Load([record])).Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void A_packed_micro_batch_keeps_its_samples_apart(string run)
    {
        using var opened = new Opened(run);
        JsonNode packed = opened.Run["packed"]!;
        EncodedSample[] samples = [.. opened.Load(Goldens.Ints(packed["asked"]!)).Select(sample => sample.Encoded)];
        using var batch = Batch.Pack(samples, CPU);
        Assert.Equal(Goldens.Ints(packed["input_ids"]!), samples.SelectMany(sample => sample.Ids));
        Assert.Equal(Goldens.Ints(packed["cumulative_lengths"]!)[1..], batch.Lengths.Aggregate(new List<int>(), (sums, length) => [.. sums, sums.LastOrDefault() + length]));
        Assert.Equal(Positions(packed).SelectMany(axis => axis.Select(p => (long)p)), batch.Positions.flatten().data<long>().ToArray());
        int[] labels = Goldens.Ints(packed["labels"]!);
        Assert.Equal(labels.Where(label => label != -100).Select(label => (long)label), batch.AnswerIds.data<long>().ToArray());
        Assert.Equal(labels.Index().Where(label => label.Item != -100).Select(label => label.Index - 1L), batch.AnswerRows.data<long>().ToArray());
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void Losses_are_those_of_the_authors_training(string run)
    {
        using var opened = new Opened(run);
        if (opened.Loaded is not { } loaded) return;   // ids alone
        double worst = 0;
        foreach (var sample in opened.Run["samples"]!.AsArray())
        {
            var encoded = opened.Load([(int)sample!["record"]!])[0].Encoded;
            Assert.Equal((int)sample["targets"]!, Batch.CountTargets(encoded));
            double deviation = Deviation(loaded.Model, [encoded], (double)sample["loss_sum"]!["torchvision"]!);
            Assert.True(deviation <= (encoded.Images.Count == 0 ? 5e-6 : 1e-3), $"record {sample["record"]}: {deviation}");
            worst = Math.Max(worst, deviation);
        }
        JsonNode packed = opened.Run["packed"]!;
        EncodedSample[] samples = [.. opened.Load(Goldens.Ints(packed["asked"]!)).Select(sample => sample.Encoded)];
        Assert.Equal((int)packed["targets"]!, samples.Sum(sample => Batch.CountTargets(sample)));
        double batch = Deviation(loaded.Model, samples, (double)packed["loss"]!["torchvision"]! * (int)packed["targets"]!);
        Assert.True(batch <= 1e-3, $"packed: {batch}");
        TestContext.Current.SendDiagnosticMessage($"{run}: largest deviation of a sample {worst:g2}, of the batch {batch:g2}");
    }

    private static double Deviation(VisionLanguageModel model, EncodedSample[] samples, double expected)
    {
        using var batch = Batch.Pack(samples, model.Device);
        using var _ = no_grad();
        using Tensor hidden = model.Hidden(batch);
        return Math.Abs(AnswerLoss.Sum(model, hidden, batch) - expected) / expected;
    }

    private static (int, int)[] Spans(JsonNode spans) => [.. spans.AsArray().Select(span => ((int)span![0]!, (int)span[1]!))];

    private static (int, int)[] SpansOf(EncodedSample sample)
    {
        List<(int, int)> spans = [];
        for (int t = 0; t < sample.Length; t++)
        {
            if (!sample.Trained![t]) continue;
            int start = t;
            while (t < sample.Length && sample.Trained[t]) t++;
            spans.Add((start, t));
        }
        return [.. spans];
    }

    private static int[][] Positions(JsonNode sample) => [.. "thw".Select(axis => Goldens.Ints(sample[$"position_ids_{axis}"]!))];

    private static IEnumerable<(int, int)> Grids(JsonNode sample) =>
        sample["image_grid_thw"]!.AsArray().Select(grid => ((int)grid![1]!, (int)grid[2]!));

    private static JsonNode Golden() => Shared.Json(Folder, "training-samples.json");

    /// <summary>A run's model or tokenizer and its list of records.</summary>
    private sealed class Opened : IDisposable
    {
        private readonly ScratchFolder _scratch = new();
        private readonly SampleStore _store;
        private readonly Processor _processor;

        public Opened(string run)
        {
            Run = Golden()["runs"]![run]!;
            string model = (string)Run["model"]!;
            if (Directory.Exists(Shared.At(model)))
            {
                Loaded = LoadedModel.Open(Shared.At(model), Goldens.Device, ScalarType.Float32, Most);
                _processor = Loaded.Processor;
            }
            else
            {
                string folder = _scratch.Copy(Shared.Require("fixtures", "qwen3vl", "published-configs"), "published");
                File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), TokenizerTests.PublishedBytes());
                _processor = Qwen3VLFamily.Processor(ModelConfig.Read(folder), Most);
            }
            string configured = Loaded is null ? "fixtures/qwen3vl/published-configs" : model;
            Patch = (int)Shared.Json(configured, "config.json")["vision_config"]!["patch_size"]!;
            var records = Shared.Json(Folder, (string)Run["data"]!).AsArray();
            _store = SampleStore.OpenOrWrite(Path.Combine(_scratch.Path, "samples"), run, 0, _ => records.Select((record, row) => Read(record!, row)));
        }

        public JsonNode Run { get; }

        public LoadedModel? Loaded { get; }

        /// <summary>Pixels on a side of a patch.</summary>
        public int Patch { get; }

        private static long Most => (long)Golden()["max_pixels"]!;

        public LoadedSample[] Load(int[] order, string trainOn = "assistant", SkipCounts? skipped = null)
        {
            var options = new FineTuneOptions(TrainOn: trainOn, MinPixels: (int)Golden()["min_pixels"]!, StripTexts: true, Roles: "two", Failing: "next");
            var samples = new TrainingSamples(new DrawnData(null!, null!, new DataOptions(Transparency: "dropped")), options, _processor);
            return [.. samples.Load(_store, order, 0, skipped ?? new(), null, CancellationToken.None)];
        }

        private Sample Read(JsonNode record, int row)
        {
            string[] images = record["image"] switch { null => [], JsonArray list => [.. list.Select(file => (string)file!)], var one => [(string)one!] };
            return new Sample("list", "records", row,
                [.. record["conversations"]!.AsArray().Select(turn => new Turn((string)turn!["from"]! == "human" ? Turn.User : (string)turn["from"]!, (string?)turn["value"]))],
                [.. images.Select(Image)], ImagePlaces.Marked);
        }

        /// <summary>Images that no golden value needs are not stored; an empty one cannot be decoded.</summary>
        private byte[] Image(string file)
        {
            string path = Shared.At((string)Run["images_relative_to"]!, file);
            return File.Exists(path) ? File.ReadAllBytes(path) : [];
        }

        public void Dispose()
        {
            _store.Dispose();
            Loaded?.Dispose();
            _scratch.Dispose();
        }
    }
}
