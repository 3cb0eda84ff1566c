using System.Text;
using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Vlm;

namespace Interlace.Tests.Data.Json;

public sealed class JsonRowFileTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public static IEnumerable<TheoryDataRow<string>> GoldenLists =>
        new[] { "calibration-data.json", "calibration-data-demo.json" }
            .Where(name => File.Exists(Shared.At("fixtures", "authors", name))).Select(name => new TheoryDataRow<string>(name));

    public void Dispose() => _scratch.Dispose();

    [Theory(SkipTestWithoutData = true), MemberData(nameof(GoldenLists)), Trait("Category", "Golden")]
    public void The_authors_lists_are_read(string name)
    {
        JsonArray records = Shared.Json("fixtures", "authors", name).AsArray();
        var data = DataSource.Open(Shared.At("fixtures", "authors", name), images: Shared.At("fixtures", "qwen3vl"));
        Assert.Equal(records.Count, data.Rows);
        SkipCounts skipped = [];
        Sample[] samples = [.. data.Read(data.Draw(1, 0).Rows, skipped,
            new RowFilter(int.MaxValue, int.MaxValue) { KeepsIncomplete = true })];
        Assert.Equal(records.Count, samples.Length + skipped[SkipReason.MissingImage]);   // some images are not kept with the list
        Assert.Equal(samples.Length + skipped.Total, records.Count);
        Assert.All(samples, sample =>
        {
            JsonNode record = records[(int)sample.Row]!;
            Assert.Equal(record["conversations"]!.AsArray().Select(turn => (string?)turn!["value"]), sample.Turns.Select(turn => turn.Text));
            string[] images = record["image"] switch
            {
                null => [], JsonArray list => [.. list.Select(item => (string)item!)], var one => [(string)one!],
            };
            Assert.Equal(images.Select(image => File.ReadAllBytes(Find(image))), sample.Images);
        });

        static string Find(string image) => new[] { "qwen3vl", "authors" }
            .Select(folder => Shared.At("fixtures", folder, image)).First(File.Exists);
    }

    [Theory]
    [InlineData(true, "rows.json")]
    [InlineData(false, "rows.jsonl")]
    public void Rows_come_whole_and_in_order_whichever_are_asked_for(bool array, string name)
    {
        string[] rows = [.. Enumerable.Range(0, 1000).Select(i => Llava($"q{i}{new string('x', i % 7 * 1000)}"))];
        var data = DataSource.Open(Write(name, array ? $"[{string.Join(",\n", rows)}]" : string.Join('\n', rows)));
        Assert.Equal(1000, data.Rows);
        long[] wanted = [0, 1, 63, 64, 65, 200, 640, 641, 999];
        var samples = data.Read(wanted.Reverse().Select(row => new RowReference(0, 0, row, 0)), []).ToArray();
        Assert.Equal(wanted, samples.Select(sample => sample.Row));
        Assert.Equal(wanted.Select(row => $"q{row}"), samples.Select(sample => sample.Turns[0].Text!.TrimEnd('x')));
        Assert.Equal((name, name), (samples[0].Set, samples[0].Shard));
        Assert.InRange(data.BytesRead, 1, data.Sets[0].Shards[0].Length / 50);
    }

    [Fact]
    public void Each_row_that_cannot_be_used_is_counted_under_its_reason()
    {
        File.WriteAllBytes(_scratch.At("in.png"), [1]);
        string huge = Llava(new string('x', 65 << 20));
        var data = DataSource.Open(Write("rows.jsonl", string.Join('\n',
            Llava("good"), "no JSON", "{\"conversations\":7}", huge, Llava("q", "in.png"), Llava("q", "nowhere.png"), Llava("q", "/etc/hostname"),
            Llava("q", "../x.png"), Llava("q", "https://a.org/x.png"), Llava("q", "data:image/png;base64,!"), Llava("q", "data:image/png,x"),
            Llava("q", _scratch.Path), Llava("q", "data:image/png;base64,AQI="), Llava("q", "a", "b", "c", "d"),
            "{\"conversations\":[{\"from\":\"human\",\"value\":\"q\"}]}", "{\"conversations\":[{\"from\":\"human\",\"value\":null}]}",
            "{\"conversations\":[]}", Turns(6), Turns(5))));
        SkipCounts skipped = [];
        Sample[] samples = [.. data.Read(data.Draw(1, 0).Rows, skipped, new RowFilter(MaxTextBytes: 100))];
        Assert.Equal([0, 4, 12, 18], samples.Select(sample => sample.Row));
        Assert.Equal([[1]], samples[1].Images);
        Assert.Equal([[1, 2]], samples[2].Images);
        Assert.Equal("2 image outside its folder, 2 malformed row, 1 missing image, 1 no answer, 1 no turns, 1 null text, 1 remote image, "
            + "1 too large row, 1 too many images, 1 too many turns, 2 undecodable image, 1 unreadable image", skipped.ToString());
    }

    [Fact]
    public void Images_lie_in_the_folder_that_is_given_or_beside_the_rows_and_nowhere_else()
    {
        using ScratchFolder elsewhere = new();
        File.WriteAllBytes(_scratch.At("beside.png"), [1]);
        File.WriteAllBytes(_scratch.At("both.png"), [2]);
        File.WriteAllBytes(elsewhere.At("both.png"), [3]);
        File.WriteAllBytes(elsewhere.At("deep", "inside.png"), [4]);
        string secret = _scratch.At("..", $"{Path.GetFileName(_scratch.Path)}.secret");
        try
        {
            File.WriteAllBytes(secret, [5]);
            File.CreateSymbolicLink(_scratch.At("link.png"), secret);
            string path = Write("rows.jsonl", string.Join('\n', new[]
            {
                "beside.png", "both.png", "deep/inside.png", elsewhere.At("deep", "inside.png"), _scratch.At("beside.png"), secret, "link.png",
                "deep/../../x.png",
            }.Select(image => Llava("q", image))));
            SkipCounts skipped = [], withoutFolder = [];
            var data = DataSource.Open(path, images: elsewhere.Path);
            Assert.Equal([[1], [3], [4], [4], [1]], data.Read(data.Draw(1, 0).Rows, skipped).Select(sample => sample.Images[0]));
            Assert.Equal("3 image outside its folder", skipped.ToString());
            data = DataSource.Open(path);
            Assert.Equal([[1], [2], [1]], data.Read(data.Draw(1, 0).Rows, withoutFolder).Select(sample => sample.Images[0]));
            Assert.Equal("4 image outside its folder, 1 missing image", withoutFolder.ToString());
        }
        finally
        {
            File.Delete(secret);
        }
    }

    [Theory]
    [InlineData("rows.jsonl", "one\n\ntwo\n", "the first of them, in line 1, is no JSON")]
    [InlineData("rows.json", "[\n{\"id\":1},{\"id\":2}]", "in line 2, has neither a list 'conversations' nor a list 'messages'")]
    [InlineData("rows.json", "{\n \"conversations\": []\n}", "in line 1, is no JSON")]
    [InlineData("rows.json", "[{\"conversations\":[]},", "cut off")]
    [InlineData("rows.json", "[]", "holds no rows")]
    [InlineData("rows.json", "", "holds no rows")]
    [InlineData("rows.txt", "", "does not end in .parquet or .json or .jsonl")]
    public void A_file_without_a_row_is_refused_by_name(string name, string text, string expected)
    {
        string message = Assert.Throws<InputException>(() => DataSource.Open(Write(name, text))).Message;
        Assert.Contains(expected, message);
        Assert.Contains(name, message);
    }

    [Fact]
    public void Random_damage_is_counted_or_refused_and_never_crashes()
    {
        byte[] whole = Encoding.UTF8.GetBytes($"[{string.Join(",\n", Enumerable.Range(0, 20).Select(i => Llava($"q{i}", "a.png")))}]");
        File.WriteAllBytes(_scratch.At("a.png"), [1]);
        string path = _scratch.At("rows.json");
        int refused = 0, counted = 0;
        for (int place = 0; place < whole.Length; place += 3)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x5a;
            File.WriteAllBytes(path, damaged);
            try
            {
                SkipCounts skipped = [];
                var data = DataSource.Open(path);
                int samples = data.Read(data.Draw(1, 0).Rows, skipped).Count();
                Assert.Equal(data.Rows, samples + skipped.Total);
                counted += skipped.Total > 0 ? 1 : 0;
            }
            catch (InputException e)
            {
                Assert.Contains("rows.json", e.Message);
                refused++;
            }
        }
        Assert.InRange(refused, 1, whole.Length / 3);
        Assert.InRange(counted, 1, whole.Length / 3);
    }

    [Fact]
    public void A_file_that_changes_while_in_use_is_refused()
    {
        var data = DataSource.Open(Write("rows.jsonl", Llava("q")));
        Write("rows.jsonl", Llava("another"));
        Assert.Contains("has changed", Assert.Throws<InputException>(() => data.Read(data.Draw(1, 0).Rows, []).Count()).Message);
    }

    [Fact]
    public void Another_text_of_the_same_length_is_another_identity()
    {
        var before = DataIdentity.Of(DataSource.Open(Write("rows.jsonl", Llava("one"))));
        Assert.Equal(before, DataIdentity.Of(DataSource.Open(Write("rows.jsonl", Llava("one")))));
        Assert.NotEqual(before, DataIdentity.Of(DataSource.Open(Write("rows.jsonl", Llava("two")))));
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(_scratch.At(name), text);
        return _scratch.At(name);
    }

    private static string Llava(string question, params string[] images) => new JsonObject
    {
        ["images"] = new JsonArray([.. images.Select(image => JsonValue.Create(image))]),
        ["conversations"] = new JsonArray(Said("human", question), Said("gpt", "a")),
    }.ToJsonString();

    private static string Turns(int count) => new JsonObject
    {
        ["conversations"] = new JsonArray([.. Enumerable.Range(0, count).SelectMany(_ => new[] { Said("human", "q"), Said("gpt", "a") })]),
    }.ToJsonString();

    private static JsonObject Said(string from, string value) => new() { ["from"] = from, ["value"] = value };
}
