using Interlace.Data;
using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Tests.Data;

public sealed class DataPlacesTests : IDisposable
{
    private const string Llava = """{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}""";
    private const string Chat = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Of_json_files_each_is_a_set_and_a_folder_of_them_is_one()
    {
        Write(Llava, "data", "b.jsonl");
        Write($"[{Llava},{Llava}]", "data", "a.json");
        Write(Chat, "data", "c", "2.jsonl");
        Write(Chat, "data", "c", "deep", "1.jsonl");
        Write("no rows", "data", "c", "notes.txt");
        Write("{}", "data", ".hidden", "x.json");
        Write("pixels", "data", "images", "x.png");
        Assert.Equal(["a.json: a.json 2", "b.jsonl: b.jsonl 1", "c: 2.jsonl deep/1.jsonl 2"], Sets(DataSource.Open(_scratch.At("data"))));
    }

    [Fact]
    public void Beside_parquet_files_json_files_are_no_rows_unless_the_format_says_so()
    {
        ParquetRows.Write(_scratch.At("data", "set", "x.parquet"), [new(null, [("q", "a")])], new Layout());
        Write("{\"about\":\"the set\"}", "data", "set", "info.json");
        Write(Llava, "data", "rows.jsonl");
        Assert.Equal(["set: x.parquet 1"], Sets(DataSource.Open(_scratch.At("data"))));
        Assert.Contains("info.json", Refusal([new(_scratch.At("data"))], DataFormat.Conversations));
        File.Delete(_scratch.At("data", "set", "info.json"));
        Assert.Equal(["rows.jsonl: rows.jsonl 1"], Sets(DataSource.Open(_scratch.At("data"), DataFormat.Conversations)));
    }

    [Fact]
    public void Several_paths_give_their_sets_one_after_the_other_each_with_its_rate()
    {
        for (int i = 0; i < 2; i++) ParquetRows.Write(_scratch.At("vision", "set", $"{i}.parquet"), [.. Rows(100)], new Layout());
        ParquetRows.Write(_scratch.At("loose", "x.parquet"), [.. Rows(10)], new Layout());
        Write(string.Join('\n', Enumerable.Repeat(Chat, 30)), "mine.jsonl");
        string text = $"{_scratch.At("vision")}, {_scratch.At("mine.jsonl")}=1,{_scratch.At("loose")}=0.5";
        var data = DrawnData.Open(new DataOptions(text, Rate: 0.1), 3);
        Assert.Equal(["set: 0.parquet 1.parquet 200", "mine.jsonl: mine.jsonl 30", "loose: x.parquet 10"], Sets(data.Source));
        Assert.Equal([20, 30, 5], data.Draw.Rows.GroupBy(row => row.Set).Select(set => set.Count()));
        var alone = DrawnData.Open(new DataOptions(_scratch.At("vision"), Rate: 0.1), 3);
        Assert.Equal(alone.Draw.Rows, data.Draw.Rows.Where(row => row.Set == 0));
        Assert.NotEqual(DataIdentity.Of(data.Source), DataIdentity.Of(DrawnData.Open(new DataOptions(text + "5", Rate: 0.1), 3).Source));
    }

    [Fact]
    public void A_rate_that_is_impossible_is_refused() =>
        Assert.Contains("the rate 2", Assert.Throws<InputException>(() => DataPath.ListOf("nowhere=2")).Message);

    [Fact]
    public void Sets_of_one_name_are_refused_by_their_files()
    {
        Write(Chat, "a", "x.jsonl");
        Write(Chat, "b", "x.jsonl");
        string message = Refusal([new(_scratch.At("a")), new(_scratch.At("b"))]);
        Assert.Contains(_scratch.At("a", "x.jsonl"), message);
        Assert.Contains(_scratch.At("b", "x.jsonl"), message);
    }

    [Theory]
    [InlineData("nowhere", DataFormat.Auto, "does not exist")]
    [InlineData("rows.jsonl", DataFormat.FineVision, "does not end in .parquet")]
    [InlineData("rows.jsonl", DataFormat.Messages, "has no list 'messages'")]
    [InlineData("empty", DataFormat.Auto, "needs Parquet or JSON files")]
    [InlineData("empty", DataFormat.Conversations, "needs JSON files")]
    public void What_is_not_there_or_of_another_format_is_refused(string name, DataFormat format, string expected)
    {
        Write(Llava, "rows.jsonl");
        Directory.CreateDirectory(_scratch.At("empty"));
        Assert.Contains(expected, Refusal([new(_scratch.At(name))], format));
    }

    [Fact]
    public void A_folder_of_images_that_is_not_there_is_refused()
    {
        Write(Llava, "rows.jsonl");
        Assert.Contains("folder of images", Assert.Throws<InputException>(() =>
            DataSource.Open(_scratch.At("rows.jsonl"), images: _scratch.At("nowhere"))).Message);
    }

    private static IEnumerable<TestRow> Rows(int count) => Enumerable.Range(0, count).Select(i => new TestRow(null, [($"q{i}", "a")]));

    private static IEnumerable<string> Sets(DataSource data) =>
        data.Sets.Select(set => $"{set.Name}: {string.Join(' ', set.Shards.Select(shard => shard.Name))} {set.Rows}");

    private static string Refusal(DataPath[] paths, DataFormat format = DataFormat.Auto) =>
        Assert.Throws<InputException>(() => DataSource.Open(paths, format)).Message;

    private void Write(string text, params string[] path) => File.WriteAllText(_scratch.At(path), text);
}
