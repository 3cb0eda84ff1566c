using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Data;
using Interlace.Data.Sampled;
using Interlace.Experiments;
using Interlace.Samples;
using Interlace.Tests.Cli;
using Interlace.Tests.Data;
using Interlace.Tests.Hub;
using Interlace.Vlm;
using ParquetSharp;

namespace Interlace.Tests.Samples;

/// <summary>Samples of data sets on a hub of this machine: the same rows as of the whole, from few of its bytes.</summary>
public class SampleStageTests
{
    private const string Id = "some-org/FineView";

    [Theory]
    [InlineData("seeded", "files", 0.1)]
    [InlineData("seeded", "files", 1)]
    [InlineData("first", "files", 0.3)]
    public void A_sample_stands_for_the_whole(string order, string counts, double rate)
    {
        using var hub = new TestHub();
        string whole = Collection(hub.Folder);
        var options = new DataOptions(whole, rate, Draw: order, Counts: counts);
        string sample = Take(hub, "sample", options, seed: 3).Folder;
        string local = SampleStage.Run(whole, hub.Folder.At("local"), options, 3, () => hub.Settings()).Folder;
        foreach (string folder in new[] { sample, local })
        {
            var (expected, found) = (DrawnData.Open(options, 3), DrawnData.Open(options with { Path = folder }, 3));
            Assert.Equal(DataIdentity.Of(expected.Source), DataIdentity.Of(found.Source));
            Assert.Equal(expected.Draw.Rows, found.Draw.Rows);
            Assert.Equal(expected.Source.EstimateBytes(expected.Draw.Rows), found.Source.EstimateBytes(found.Draw.Rows));
            SkipCounts left = [], missed = [];
            Assert.Equal(expected.Read(expected.Draw.Rows, left, expected.Filter).Select(Text),
                found.Read(found.Draw.Rows, missed, found.Filter).Select(Text));
            Assert.Equal(left.ToJson(), missed.ToJson());
            Assert.NotEmpty(left);
        }
        Assert.Equal(Files(sample), Files(local));
    }

    [Fact]
    public void A_lower_rate_of_a_sample_is_that_of_the_whole_and_other_rows_are_refused()
    {
        using var hub = new TestHub();
        string whole = Collection(hub.Folder);
        string sample = Take(hub, "sample", new(whole, 0.4), seed: 0).Folder;
        Assert.Equal(DataSource.Open(whole).Draw(0.1, 0).Rows, DataSource.Open(sample).Draw(0.1, 0).Rows);
        foreach (var (rate, seed, first) in new[] { (0.9, 0, false), (0.4, 1, false), (0.4, 0, true) })
        {
            string sentence = Assert.Throws<InputException>(() => DataSource.Open(sample).Draw(rate, seed, first)).Message;
            Assert.Contains("--rate 0.4 with seed 0, data.draw=seeded", sentence, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void With_a_page_index_hardly_more_comes_than_the_drawn_rows()
    {
        using var hub = new TestHub();
        string whole = Large(hub.Folder, new(Dictionary: false, RowsPerGroup: 100, PageBytes: 1, PageIndex: true));
        var options = new DataOptions(whole, 0.05);
        Take(hub, "sample", options, seed: 1);
        var drawn = DrawnData.Open(options, 1);
        long bytes = drawn.Read(drawn.Draw.Rows, [], drawn.Filter).Sum(sample => sample.Images.Sum(image => image.LongLength));
        Assert.True(hub.Server.ContentSent <= 1.5 * bytes, $"{hub.Server.ContentSent} bytes came for {bytes} of the rows");
        TestContext.Current.TestOutputHelper?.WriteLine($"{hub.Server.ContentSent} bytes came for {bytes} of the rows");
    }

    [Fact]
    public void Without_a_page_index_at_most_a_row_group_comes_for_a_drawn_row()
    {
        using var hub = new TestHub();
        string whole = Large(hub.Folder, new(Dictionary: true, RowsPerGroup: 20));
        var options = new DataOptions(whole, 0.01);
        Take(hub, "sample", options, seed: 1);
        int drawn = DrawnData.Open(options, 1).Draw.Count;
        long all = new DirectoryInfo(whole).EnumerateFiles("*.parquet", SearchOption.AllDirectories).Sum(file => file.Length);
        long groups = DataSource.Open(whole).Rows / 20;
        TestContext.Current.TestOutputHelper?.WriteLine($"{hub.Server.ContentSent} bytes came for {drawn} rows, {all / groups} bytes a "
            + $"group");
        Assert.True(hub.Server.ContentSent <= drawn * (all / groups) * 1.05,
            $"{hub.Server.ContentSent} bytes came for {drawn} rows of {all} bytes");
    }

    [Fact]
    public void A_sampling_that_is_called_off_goes_on_to_the_same_bytes()
    {
        using var hub = new TestHub();
        var options = new DataOptions(Collection(hub.Folder), 0.5);
        string expected = Take(hub, "sample", options, seed: 0).Folder;
        int asked = hub.Server.Requests.Count, left = 0;
        using CancellationTokenSource never = new();
        var (end, random) = (never, new Random(2));
        hub.Server.Faults = _ =>
        {
            if (Interlocked.Decrement(ref left) == 0) end.Cancel();
            return null;
        };
        bool done = false;
        int kills = 0;
        for (; kills < 10 && !done; kills++)
        {
            using var next = new CancellationTokenSource();
            (end, left) = (next, random.Next(1, asked));
            try
            {
                Take(hub, "again", options, 0, next.Token);
                done = true;
            }
            catch (OperationCanceledException) { }
        }
        Assert.True(kills > 1);
        (end, left) = (never, -1);
        Assert.Equal(Files(expected), Files(Take(hub, "again", options, seed: 0).Folder));
        Assert.Equal([".", SampleFile.Name],
            new[] { ".", SampleFile.Name }.Where(name => name == "." || File.Exists(hub.Folder.At("again", name))));
        Assert.False(Directory.Exists(hub.Folder.At("again", ".sampling")));
    }

    [Fact]
    public void A_sample_that_is_there_asks_nobody_and_another_is_refused()
    {
        using var hub = new TestHub();
        var options = new DataOptions(Collection(hub.Folder), 0.2);
        Take(hub, "sample", options, seed: 0);
        int asked = hub.Server.Requests.Count;
        Take(hub, "sample", options, seed: 0);
        Assert.Equal(asked, hub.Server.Requests.Count);
        Assert.Contains("by another draw", Refusal(() => Take(hub, "sample", options with { Rate = 0.3 }, 0)), StringComparison.Ordinal);
        var forced = SampleStage.Run("hf://" + Id, hub.Folder.At("sample"), options with { Rate = 0.3 }, 0, () => hub.Settings(),
            force: true);
        Assert.Equal(0.3, forced.File.Draw.Rate);
        File.WriteAllText(hub.Folder.At("full", "mine.txt"), "x");
        Assert.Contains("is not empty", Refusal(() => Take(hub, "full", options, 0)), StringComparison.Ordinal);
        Assert.Equal(["mine.txt"], Directory.EnumerateFileSystemEntries(hub.Folder.At("full")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_hub_that_gives_no_parts_or_no_rows_is_refused()
    {
        using var hub = new TestHub();
        var options = new DataOptions(Collection(hub.Folder), 0.2);
        Take(hub, "sample", options, 0);
        hub.Server.Faults = request => request.OnStore ? new(IgnoresRange: true) : null;
        Assert.Contains("parts of it are needed", Refusal(() => Take(hub, "other", options, 0)), StringComparison.Ordinal);
        hub.Server.Faults = _ => null;
        hub.Server.Add("datasets", Id, new Dictionary<string, byte[]> { ["README.md"] = [1] });
        Assert.Contains("holds no Parquet files", Refusal(() => Take(hub, "third", options, 0)), StringComparison.Ordinal);
        hub.Server.Add("datasets", Id, new Dictionary<string, byte[]> { ["a/b.parquet"] = new byte[5000] });
        Assert.Contains("does not end as a Parquet file", Refusal(() => Take(hub, "fourth", options, 0)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"format\": \"interlace-sample/1\"", "\"format\": \"interlace-sample/9\"")]
    [InlineData("\"rows\": ", "\"rows\": -")]
    [InlineData("\"drawn\": [", "\"drawn\": [99999999, ")]
    [InlineData("\"name\": \"b_set\"", "\"name\": \"../b_set\"")]
    public void A_damaged_record_is_refused(string from, string to)
    {
        using var hub = new TestHub();
        string sample = Take(hub, "sample", new(Collection(hub.Folder), 0.2), 0).Folder, record = Path.Combine(sample, SampleFile.Name);
        File.WriteAllText(record, File.ReadAllText(record).Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(record, Refusal(() => DataSource.Open(sample)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_exchanged_file_is_refused()
    {
        using var hub = new TestHub();
        string sample = Take(hub, "sample", new(Collection(hub.Folder), 0.2), 0).Folder;
        File.Copy(Path.Combine(sample, "a_set", SampleFile.RowsName), Path.Combine(sample, "b_set", SampleFile.RowsName), overwrite: true);
        Assert.Contains("is not the file", Refusal(() => DataSource.Open(sample)), StringComparison.Ordinal);
        File.Delete(Path.Combine(sample, "b_set", SampleFile.RowsName));
        Assert.Contains("without its file", Refusal(() => DataSource.Open(sample)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Similarity_plan_and_tuning_are_those_of_the_whole()
    {
        using var hub = new TestHub();
        string whole = Path.Combine(Shared.Repository, "assets", "demo", "finevision"),
            model = Path.Combine(Shared.Repository, "assets", "demo", "model");
        hub.Server.Add("datasets", Id, HubServer.FilesOf(whole));
        string[] settings = ["--rate", "0.05", "--device", "cpu", "--dtype", "fp32", "--set", "calibrate.fraction=0.5"];
        string local = hub.Folder.At("local"), remote = hub.Folder.At("remote");
        Assert.Equal(0, CommandRun.Of(["calibrate", model, "--data", whole, "--out", local, .. settings]).Code);
        var calibrated = await FetchCommandTests.Run(hub, [], ["calibrate", model, "--data", "hf://" + Id, "--out", remote, .. settings]);
        Assert.True(calibrated.Code == 0, calibrated.Error);
        Assert.Equal(File.ReadAllText(Path.Combine(local, LayerSimilarity.Name)),
            File.ReadAllText(Path.Combine(remote, LayerSimilarity.Name)));

        Assert.Equal(0, CommandRun.Of("plan", local, "--ratio", "0.25").Code);
        string pruned = hub.Folder.At("pruned");
        Assert.Equal(0, CommandRun.Of("prune", model, "--plan", local, "--out", pruned).Code);
        string sample = Directory.EnumerateFiles(hub.Folder.Path, SampleFile.Name, SearchOption.AllDirectories).Single();
        string[] tuning = ["--rate", "0.05", "--device", "cpu", "--dtype", "fp32", "--max-steps", "2", "--set",
            "finetune.samples_per_step=4"];
        var tuned = (Of: hub.Folder.At("tuned-whole"), By: hub.Folder.At("tuned-sample"));
        Assert.Equal(0, CommandRun.Of(["finetune", pruned, "--data", whole, "--out", tuned.Of, .. tuning]).Code);
        Assert.Equal(0, CommandRun.Of(["finetune", pruned, "--data", Path.GetDirectoryName(sample)!, "--out", tuned.By, .. tuning]).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(tuned.Of, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(tuned.By, "model.safetensors")));
    }

    [Fact]
    public async Task The_estimate_stands_before_the_sample_by_set()
    {
        using var hub = new TestHub();
        Collection(hub.Folder);
        Serve(hub);
        var run = await FetchCommandTests.Run(hub, [], "sample", "hf://" + Id, "--rate", "0.2", "--out", hub.Folder.At("sample"), "--json");
        Assert.Equal(0, run.Code);
        Assert.Matches(@"a_set +2 +70 +14 ", run.Error);
        Assert.Matches(@"all +", run.Error);
        Assert.Equal(DataSource.Open(hub.Folder.At("sample")).Draw(0.2, 0).Count, (int)JsonNode.Parse(run.Out)!["rows"]!);
    }

    /// <summary>Three sets in different layouts, with nulls, empty lists and more images and turns than are kept.</summary>
    private static string Collection(ScratchFolder folder)
    {
        string whole = folder.At("whole");
        var random = new Random(1);
        ParquetRows.Write(folder.At("whole", "a_set", "train-0.parquet"), Rows(random, 40),
            new(PageBytes: 500, PageIndex: true, RowsPerGroup: 16));
        ParquetRows.Write(folder.At("whole", "a_set", "deep", "train-1.parquet"), Rows(random, 30),
            new(Compression.Zstd, RowsPerGroup: 7, Paths: false));
        ParquetRows.Write(folder.At("whole", "b_set", "train.parquet"), Rows(random, 50),
            new(PageBytes: 1, PageIndex: true, Dictionary: false, Version2Pages: true));
        ParquetRows.Write(folder.At("whole", "c_set", "train.parquet"), Rows(random, 25),
            new(PageBytes: 200, DictionaryBytes: 2000, PageIndex: true));
        return whole;
    }

    private static TestRow[] Rows(Random random, int count) => [.. Enumerable.Range(0, count).Select(i => new TestRow(
        i % 11 == 5 ? null : [.. Enumerable.Range(0, i % 5).Select(j => i % 13 == 7 && j == 0 ? null
            : Bytes(random, 300 + random.Next(500)))],
        i % 17 == 3 ? null : [.. Enumerable.Range(0, i % 7).Select(j =>
            (i % 19 == 9 ? null : $"What {i} {j}?", (string?)$"That {i % 3}."))]))];

    private static string Large(ScratchFolder folder, Layout layout)
    {
        var random = new Random(4);
        foreach (string set in new[] { "x", "y" })
        {
            TestRow[] rows = [.. Enumerable.Range(0, 400).Select(i =>
                new TestRow([Bytes(random, 20_000)], [($"What is {i}?", $"It is {i}.")]))];
            ParquetRows.Write(folder.At("whole", set, "train.parquet"), rows, layout);
        }
        return folder.At("whole");
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static SampleResult Take(TestHub hub, string target, DataOptions options, int seed, CancellationToken cancellation = default)
    {
        Serve(hub);
        return SampleStage.Run("hf://" + Id, hub.Folder.At(target), options, seed, () => hub.Settings(), cancellation: cancellation);
    }

    private static bool Serve(TestHub hub)
    {
        bool isThere = !hub.Server.Requests.IsEmpty;   // a test may have put other files there
        if (!isThere) hub.Server.Add("datasets", Id, HubServer.FilesOf(hub.Folder.At("whole")));
        return isThere;
    }

    private static string Text(Sample sample) => $"{sample.Set}/{sample.Shard} {sample.Row}: "
        + string.Join(';', sample.Turns.Select(turn => $"{turn.Role} {turn.Text}"))
            + string.Join(';', sample.Images.Select(Convert.ToHexString));

    /// <summary>Files of rows by their paths; the record names its source.</summary>
    private static Dictionary<string, string> Files(string folder) => HubServer.FilesOf(folder).Where(file => file.Key.EndsWith(".parquet"))
        .ToDictionary(file => file.Key, file => HubServer.Sha256(file.Value));

    private static string Refusal(Action act) => Assert.Throws<InputException>(act).Message;
}
