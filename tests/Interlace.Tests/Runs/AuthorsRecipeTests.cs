using System.Globalization;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Families.Qwen3VL;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Runs;

/// <summary>The whole recipe of the authors, as a user calls it: from their list of records, and from FineVision's files.</summary>
[Trait("Category", "Golden")]
public sealed class AuthorsRecipeTests : IDisposable
{
    private const string Folder = "fixtures/authors";

    private readonly ScratchFolder _scratch = new();

    public static TheoryData<string> Runs()
    {
        var runs = new TheoryData<string>();
        if (File.Exists(Shared.At(Folder, "calibration.json")))
            foreach (var (run, golden) in Shared.Json(Folder, "calibration.json")["runs"]!.AsObject())
                if (File.Exists(Shared.At((string)golden!["images_relative_to"]!, "images", "cat.jpg"))) runs.Add(run);
        return runs;
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Runs))]
    public void Calibration_and_plans_of_their_list_are_theirs(string run)
    {
        JsonNode golden = Shared.Json(Folder, "calibration.json")["runs"]![run]!, recorded = golden["recorded_4_57"]!["torchvision"]!;
        string at = _scratch.At("run");
        string model = Shared.Require((string)golden["model"]!), data = Shared.Require(Folder, (string)golden["data"]!);
        Succeeds("calibrate", model, "--data", data, "--out", at,
            "--recipe", "authors", "--dtype", "fp32", "--set", $"data.images={Shared.Require((string)golden["images_relative_to"]!)}",
            "--set", "data.rate=1", "--set", "data.reencode=none");
        var similarity = LayerSimilarity.Load(Path.Combine(at, LayerSimilarity.Name));
        var samples = SampleSumsFile.Beside(Path.Combine(at, LayerSimilarity.Name), similarity).Samples;
        Assert.Equal(golden["samples"]!.AsArray().Select(sample => (long)sample!["tokens"]!).Order(),
            samples.Select(sample => sample.Counts.Sum()).Order());
        for (int span = 1; span <= 3; span++)
            foreach (var (i, mean) in Goldens.Doubles(recorded[$"pack{span}"]!["mean_over_samples"]!).Index())
                Assert.Equal(mean, SampleMeans.Of(samples, span, "all")[i], 1e-3);
        foreach (var (ratio, selection) in recorded["interlace"]!.AsObject())
        {
            string plan = _scratch.At($"plan-{ratio}.json");
            Succeeds("plan", at, "--recipe", "authors", "--ratio", ratio, "--out", plan);
            var choices = PlanFile.Load(plan).Origin.Choices;
            Assert.Equal(Goldens.Ints(selection!["dropped_in_order"]!), choices.SelectMany(choice => choice.Drop));
            Assert.Equal(Goldens.Ints(selection["tuned_in_order"]!), choices.SelectMany(choice => choice.Tune));
        }
    }

    [Fact]
    public void From_finevisions_files_and_from_their_list_of_them_the_same_rows_tokens_and_targets_are_tuned_on()
    {
        JsonNode prepared = Shared.Json(Folder, "prepared.json");
        string model = TinyCheckpoints.Tied, list = _scratch.At("list", "records.json");
        Assert.SkipUnless(File.Exists(Shared.At((string)prepared["source"]!)), "the rows that were prepared are not there");
        string source = Shared.At((string)prepared["source"]!);
        var options = Recipe.Experiment(Recipe.Authors).Complete().Data! with { Path = source, Rate = 1, Counts = "files" };
        JsonNode[] written = [.. Goldens.Ints(prepared["rows_written_in_one_run"]!)
            .Select(row => prepared["rows"]!.AsArray().Single(one => (int)one!["row"]! == row)!)];

        var rows = Samples(options);
        Assert.Equal(written.Select(row => (long)row["row"]!), rows.Select(row => row.Row));
        var records = new JsonArray();
        foreach (var (row, golden) in rows.Zip(written))
        {
            JsonNode record = golden["record"]!.DeepClone();
            string[] names = record["image"] switch
            {
                null => [],
                JsonArray many => [.. many.Select(name => (string)name!)],
                var one => [(string)one!],
            };
            Assert.Equal(record["conversations"]!.AsArray().Select(turn => (string?)turn!["value"]),
                AuthorsForms.Marked(row).Turns.Select(turn => turn.Text));
            foreach (var (name, image) in names.Zip(row.Images)) File.WriteAllBytes(_scratch.At("list", name), image);
            records.Add(record);
        }
        File.WriteAllText(list, records.ToJsonString());

        var asRecords = Samples(options with { Path = list, Reencode = "none" });
        using var loaded = LoadedModel.Open(model, CPU, ScalarType.Float32);
        EncodedSample[] fromFiles = Encoded(rows, loaded.Processor), fromList = Encoded(asRecords, loaded.Processor);
        Assert.Equal(rows.Length, fromList.Length);
        foreach (var (one, other) in fromFiles.Zip(fromList))
        {
            Assert.Equal(one.Ids, other.Ids);
            Assert.Equal(one.Trained, other.Trained);
            Assert.Contains(true, one.Trained!);
            Assert.Equal(one.Images.Select(image => image.Tiles[0].Pixels), other.Images.Select(image => image.Tiles[0].Pixels));
        }

        string[] recipe = ["--recipe", "authors", "--data", list, "--dtype", "fp32", "--set", "data.rate=1", "--set", "data.reencode=none"];
        Succeeds(["calibrate", model, "--out", _scratch.At("run"), .. recipe]);
        Succeeds("plan", _scratch.At("run"), "--recipe", "authors");
        Succeeds("prune", model, "--plan", _scratch.At("run", "plan.json"), "--out", _scratch.At("pruned"));
        Succeeds(["finetune", _scratch.At("pruned"), "--out", _scratch.At("tuned"), .. recipe]);
        var tuned = TrainingRecord.Load(_scratch.At("tuned", TrainingRecord.Name));
        Assert.Equal((rows.Length, 1), ((int)tuned.Samples, tuned.Steps));
        Assert.Empty(tuned.Skipped);
        Assert.Equal(PlanFile.Load(_scratch.At("run", "plan.json")).TuneNew, tuned.TunedLayers);
    }

    private Sample[] Samples(DataOptions options)
    {
        var data = DrawnData.Open(options, seed: 42);
        return [.. data.Read(data.Draw.Rows, [], data.Filter)];
    }

    /// <summary>As the tuning shows them.</summary>
    private EncodedSample[] Encoded(Sample[] samples, Processor processor)
    {
        var authors = Recipe.Experiment(Recipe.Authors).Complete();
        using var store = SampleStore.OpenOrWrite(_scratch.At(Guid.NewGuid().ToString("n")), "key", 0, _ => samples);
        var training = new TrainingSamples(new DrawnData(null!, null!, authors.Data!), authors.Finetune!, processor);
        int[] all = [.. Enumerable.Range(0, store.Count)];
        return [.. training.Load(store, all, 0, [], null, CancellationToken.None).Select(sample => sample.Encoded)];
    }

    public void Dispose() => _scratch.Dispose();

    private static void Succeeds(params string[] command)
    {
        var done = CommandRun.Of([.. command, "--quiet"]);
        Assert.True(done.Code == 0, done.Error);
    }
}
