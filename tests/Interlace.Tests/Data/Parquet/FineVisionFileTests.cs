using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using SkiaSharp;

namespace Interlace.Tests.Data.Parquet;

public class FineVisionFileTests
{
    private static readonly string[] Fixtures = ["fixtures", "qwen3vl", "finevision"];

    public static IEnumerable<TheoryDataRow<string>> GoldenFiles => !Directory.Exists(Shared.At(Fixtures)) ? [] :
        Directory.EnumerateFiles(Shared.At(Fixtures), "*.parquet").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal).Select(name => new TheoryDataRow<string>(name));

    private static JsonNode Expected => Shared.Json([.. Fixtures, "expected.json"]);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenFiles)), Trait("Category", "Golden")]
    public void Rows_of_a_golden_file_are_what_was_written(string file)
    {
        Dictionary<long, Sample> samples = ReadAll(file, new RowFilter(int.MaxValue, int.MaxValue), out SkipCounts skipped).ToDictionary(sample => sample.Row);
        JsonArray rows = Expected["rows"]!.AsArray();
        Assert.Equal(rows.Count, samples.Count + skipped.Total);
        int compared = 0;
        foreach (JsonNode row in rows.Select(row => row!))
        {
            JsonNode[] images = [.. row["images"]?.AsArray().Select(image => image ?? new JsonObject()) ?? []];
            JsonNode[] turns = [.. row["texts"]?.AsArray().Select(turn => turn!) ?? []];
            bool complete = turns.Length > 0 && turns.All(turn => turn["user"] is not null && turn["assistant"] is not null) && images.All(image => image["sha256"] is not null);
            Assert.Equal(complete, samples.TryGetValue((long)row["row"]!, out Sample? sample));
            if (sample is null) continue;

            Assert.Equal(images.Select(image => (string)image["sha256"]!), sample.Images.Select(image => Convert.ToHexStringLower(SHA256.HashData(image))));
            Assert.Equal(turns.SelectMany(turn => new[] { ("user", Plain(turn["user"])), ("assistant", Plain(turn["assistant"])) }), Chat(sample).Select(message => (message.Role, Text(message))));
            Assert.Equal(images.Length, Chat(sample)[0].Content.TakeWhile(part => part is ImagePart).Count());
            Assert.Equal(images.Length, Chat(sample).Sum(message => message.Content.Count(part => part is ImagePart)));
            compared++;
        }
        Assert.True(compared > 0);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenFiles)), Trait("Category", "Golden")]
    public void The_papers_filter_keeps_the_golden_rows(string file)
    {
        HashSet<long> left = [.. Enumerable.Range(0, (int)Expected["files"]![file]!["num_rows"]!).Select(row => (long)row)];
        List<Sample> kept = [.. ReadAll(file, new RowFilter(), out SkipCounts skipped)];
        Assert.Equal(left.Count - Expected["surviving_rows"]!.AsArray().Count, skipped[SkipReason.TooManyImages] + skipped[SkipReason.TooManyTurns]);
        Assert.Equal(left.Count, kept.Count + skipped.Total);

        IEnumerable<long> learnable = SampleLoader.Load(kept, SampleLoader.Encoder((bytes, _) => Seen(Decode(bytes)), (_, images) => new EncodedSample([1], [TokenKind.Answer], [[0], [0], [0]], 1, images)), skipped).Select(sample => sample.Row);
        Assert.Equal(Expected["surviving_rows_with_decodable_images_and_complete_turns"]!.AsArray().Select(row => (long)row!), learnable);
        JsonNode[] undecodable = [.. Expected["rows"]!.AsArray().Where(row => (bool)row!["survives"]! && (row["images"]?.AsArray().Any(image => image?["sha256"] is not null && !(bool)image["decodes"]!) ?? false)).Select(row => row!)];
        Assert.Equal(undecodable.Length, skipped[SkipReason.UndecodableImage]);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenFiles)), Trait("Category", "Golden")]
    public void Row_counts_come_from_the_footer(string file)
    {
        using ScratchFolder folder = Copy((file, file));
        DataSource data = DataSource.Open(folder.Path);
        Assert.Equal((long)Expected["files"]![file]!["num_rows"]!, data.Rows);
        Assert.Equal((long)Expected["files"]![file]!["size"]!, data.Sets[0].Shards[0].Length);
        Assert.Equal(0, data.BytesRead);
    }

    [Fact]
    public void A_broken_row_is_counted_and_the_others_are_read()
    {
        using ScratchFolder folder = new();
        byte[] image = [1, 2, 3];
        ParquetRows.Write(folder.At("a", "x.parquet"),
        [
            new([image], [("q", "a")]), new([image, image, image, image], [("q", "a")]), new([], [.. Enumerable.Repeat(("q", "a"), 6)]), new([image], []), new(null, null),
            new([image], [("q", null)]), new([null], [("q", "a")]), new(null, [("<|image_pad|>q<image>", "a")]),
        ], new Layout());
        SkipCounts skipped = [];
        DataSource data = DataSource.Open(folder.Path);
        Sample[] samples = [.. data.Read(data.Draw(1, 0).Rows, skipped)];
        Assert.Equal([0, 7], samples.Select(sample => sample.Row));
        Assert.Equal("<|image_pad|>q", Text(Chat(samples[1])[0]));   // a model's own is the processor's business
        Assert.Equal("1 missing image, 2 no turns, 1 null text, 1 too many images, 1 too many turns", skipped.ToString());
    }

    [Fact]
    public void Sets_are_folders_and_loose_files_are_a_set_of_their_own()
    {
        using ScratchFolder folder = new();
        foreach (string[] path in new[] { ["b", "x.parquet"], ["a", "deep", "y.parquet"], ["a", "x.parquet"], ["loose.parquet"], [".cache", "z.parquet"], ["a", "notes.txt"], new[] { "empty", "none.txt" } })
            ParquetRows.Write(folder.At(path), [new(null, [("q", "a")])], new Layout());
        DataSource data = DataSource.Open(folder.Path);
        Assert.Equal([".: loose.parquet", "a: deep/y.parquet x.parquet", "b: x.parquet"], data.Sets.Select(set => $"{set.Name}: {string.Join(' ', set.Shards.Select(shard => shard.Name))}"));
    }

    [Fact]
    public void Links_to_files_and_sets_are_followed_and_links_further_down_are_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need privileges on Windows");
        using ScratchFolder folder = new(), elsewhere = new();
        ParquetRows.Write(elsewhere.At("blob"), [new(null, [("q", "a")])], new Layout());
        ParquetRows.Write(elsewhere.At("set", "x.parquet"), [new(null, [("q", "a")])], new Layout());
        File.CreateSymbolicLink(folder.At("a", "x.parquet"), elsewhere.At("blob"));
        Directory.CreateSymbolicLink(folder.At("a", "loop"), folder.Path);
        Directory.CreateSymbolicLink(folder.At("b"), elsewhere.At("set"));
        Assert.Equal(["a", "b"], DataSource.Open(folder.Path).Sets.Select(set => set.Name));
        Assert.Equal(2, DataSource.Open(folder.Path).Rows);
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenFiles)), Trait("Category", "Golden")]
    public void Row_groups_without_drawn_rows_are_not_read(string file)
    {
        using ScratchFolder folder = Copy((file, file));
        DataSource data = DataSource.Open(folder.Path);
        Assert.Single(data.Read([new RowReference(0, 0, 1, 0)], []));
        const int RoomForFooter = 50_000;
        Assert.InRange(data.BytesRead, 1, data.Sets[0].Shards[0].Length / (int)Expected["files"]![file]!["num_row_groups"]! + RoomForFooter);
    }

    [Fact]
    public void A_folder_without_rows_is_refused()
    {
        using ScratchFolder folder = new();
        Assert.Contains("holds no rows", Assert.Throws<InputException>(() => DataSource.Open(folder.Path)).Message);
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => DataSource.Open(folder.At("nowhere", "data"))).Message);
    }

    [Fact]
    public void A_file_with_other_columns_is_refused_by_name()
    {
        using ScratchFolder folder = new();
        ParquetRows.WriteForeign(folder.At("a", "odd.parquet"));
        string message = Assert.Throws<InputException>(() => DataSource.Open(folder.Path)).Message;
        Assert.Contains("odd.parquet", message);
        Assert.Contains("'images'", message);
    }

    [Fact]
    public void A_file_cut_at_any_place_is_refused_by_name()
    {
        using ScratchFolder folder = new();
        string path = folder.At("a", "cut.parquet");
        ParquetRows.Write(path, [.. Rows(20)], new Layout());
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length += 13)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Contains("cut.parquet", Assert.Throws<InputException>(() => DataSource.Open(folder.Path)).Message);
        }
    }

    [Fact]
    public void A_file_damaged_anywhere_is_read_or_refused_by_name_and_never_crashes()
    {
        using ScratchFolder folder = new();
        string path = folder.At("a", "damaged.parquet");
        ParquetRows.Write(path, [.. Rows(20)], new Layout(PageBytes: 64));
        byte[] whole = File.ReadAllBytes(path);
        int refused = 0;
        for (int place = 0; place < whole.Length; place += 7)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x5a;
            File.WriteAllBytes(path, damaged);
            try
            {
                DataSource data = DataSource.Open(folder.Path);
                Assert.All(data.Read(data.Draw(1, 0).Rows, []), sample => Assert.NotEmpty(sample.Turns));
            }
            catch (InputException e)
            {
                Assert.True(e.Message.Contains("damaged.parquet", StringComparison.Ordinal) || e.Message.Contains("holds no rows", StringComparison.Ordinal), e.Message);
                refused++;
            }
        }
        Assert.InRange(refused, 20, whole.Length / 7 + 1);
    }

    [Fact]
    public void A_file_that_changes_while_in_use_is_refused()
    {
        using ScratchFolder folder = new();
        ParquetRows.Write(folder.At("a", "x.parquet"), [.. Rows(20)], new Layout());
        DataSource data = DataSource.Open(folder.Path);
        ParquetRows.Write(folder.At("a", "x.parquet"), [.. Rows(21)], new Layout());
        Assert.Contains("has changed", Assert.Throws<InputException>(() => data.Read(data.Draw(1, 0).Rows, []).Count()).Message);
    }

    internal static IEnumerable<TestRow> Rows(int count) => Enumerable.Range(0, count).Select(row =>
        new TestRow([.. Enumerable.Range(0, row % 4).Select(image => RandomNumberGenerator.GetBytes(1 + 10 * image))], [($"question {row}", $"answer {row}")]));

    private static IEnumerable<Sample> ReadAll(string file, RowFilter filter, out SkipCounts skipped)
    {
        using ScratchFolder folder = Copy((file, file));
        DataSource data = DataSource.Open(folder.Path);
        skipped = [];
        return data.Read(data.Draw(1, 7).Rows, skipped, filter).ToArray();
    }

    private static ScratchFolder Copy(params (string File, string Target)[] files)
    {
        ScratchFolder folder = new();
        foreach ((string file, string target) in files) File.WriteAllBytes(folder.At(target), File.ReadAllBytes(Shared.Require([.. Fixtures, file])));
        return folder;
    }

    private static VisualInput Seen(RgbImage image) => VisualInput.Whole(image, image, tokenCount: 1);

    private static string Plain(JsonNode? text) => ((string)text!).Replace("<image>", "");

    private static IReadOnlyList<ChatMessage> Chat(Sample sample) => Conversation.Of(sample).Messages;

    private static string Text(ChatMessage message) => string.Concat(message.Content.OfType<TextPart>().Select(part => part.Text));

    private static RgbImage Decode(byte[] bytes)
    {
        using SKCodec? codec = SKCodec.Create(new MemoryStream(bytes));
        if (codec is null) throw new InputException("The bytes are no image.");
        using var bitmap = new SKBitmap(codec.Info.Width, codec.Info.Height);
        if (codec.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success) throw new InputException("The image is incomplete.");
        return new RgbImage(bitmap.Width, bitmap.Height, []);
    }
}
