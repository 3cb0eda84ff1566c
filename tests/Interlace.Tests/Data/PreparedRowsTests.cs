using System.Text.Json.Nodes;
using Interlace.Data;
using Interlace.Experiments;
using Interlace.Tests.Images;
using Interlace.Vlm.Images;

namespace Interlace.Tests.Data;

public sealed class PreparedRowsTests : IDisposable
{
    private static readonly byte[] Image = Png.Write(8, 8, 8, 2, [.. Enumerable.Range(0, 8 * 8 * 3).Select(i => (byte)i)]);
    private static readonly DataOptions Authors = new(Rate: 1, MaxTurns: 3, Draw: "first", Turns: "truncate", Incomplete: "keep", Reencode: "jpeg");
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact, Trait("Category", "Golden")]
    public void Every_row_is_prepared_as_the_authors_do()
    {
        JsonNode golden = Shared.Json("fixtures", "authors", "prepared.json");
        string file = Shared.Require([.. ((string)golden["source"]!).Split('/')]);
        foreach (JsonNode row in golden["rows"]!.AsArray().Select(row => row!))
        {
            // Each row as if it were the first of its set: what fails before it would end the set.
            SkipCounts skipped = [];
            var data = DrawnData.Open(Authors with { Path = file }, 0);
            var alone = new Draw([[new RowReference(0, 0, (long)row["row"]!, 0)]]);
            Sample[] samples = [.. new DrawnData(data.Source, alone, data.Options).Read(alone.Rows, skipped, data.Filter)];
            if (row["left_out"] is not null) Assert.Equal("1 too many images", skipped.ToString());
            else if (row["fails"] is not null) Assert.Equal((0, 1), (samples.Length, (int)skipped.Total));
            else Same(row["record"]!, Assert.Single(samples));
        }
    }

    [Fact, Trait("Category", "Golden")]
    public void A_row_that_fails_ends_its_set_as_in_the_authors_loop()
    {
        JsonNode golden = Shared.Json("fixtures", "authors", "prepared.json");
        var data = DrawnData.Open(Authors with { Path = Shared.Require([.. ((string)golden["source"]!).Split('/')]) }, 0);
        long[] expected = [.. golden["rows_written_in_one_run"]!.AsArray().Select(row => (long)row!)];
        SkipCounts skipped = [];
        Assert.Equal(expected, data.Read(data.Draw.Rows, skipped, data.Filter).Select(sample => sample.Row));
        Assert.Equal(data.Source.Rows - (long)golden["first_failing_row"]! - 1, skipped[SkipReason.BehindFailure]);
        Assert.Equal(data.Source.Rows, expected.Length + skipped.Total);
    }

    [Fact]
    public void What_is_read_of_a_set_does_not_depend_on_what_else_is_asked_for()
    {
        Write("a", [Row(), Row(), Row(), new TestRow(null, [("q", "a")]), Row(), Row()]);
        Write("b", [Row(), Row()]);
        var whole = Read(Authors, row => true, out var all);
        Assert.Equal(["a0", "a1", "a2", "b0", "b1"], whole);
        Assert.Equal("2 behind a row that fails, 1 fails in the authors' preparation", all.ToString());
        foreach (int chosen in Enumerable.Range(0, 6))
            Assert.Equal(whole.Intersect([$"a{chosen}"]), Read(Authors, row => row is { Set: 0 } && row.Row == chosen, out _));
        Assert.Equal(["a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1"], Read(new(Rate: 1), row => true, out _));
    }

    [Fact]
    public void A_row_is_looked_at_once_however_often_its_set_is_read()
    {
        Write("a", [.. Enumerable.Repeat(Row(), 200)]);
        var data = DrawnData.Open(Authors with { Path = _scratch.Path }, 0);
        Assert.Equal(199, Assert.Single(data.Read(data.Draw.Rows.Where(row => row.Row == 199), [], data.Filter)).Row);
        long first = data.Source.BytesRead;
        Assert.Equal(198, Assert.Single(data.Read(data.Draw.Rows.Where(row => row.Row == 198), [], data.Filter)).Row);
        Assert.InRange(data.Source.BytesRead - first, 1, first - 1);
    }

    [Fact]
    public void An_image_that_does_not_decode_ends_a_set_of_rows_and_no_list_of_samples()
    {
        Write("a", [Row(), new TestRow([[1, 2, 3]], [("q", "a")]), Row()]);
        Assert.Equal(["a0"], Read(Authors with { Reencode = "none" }, row => true, out var skipped));
        Assert.Equal("1 behind a row that fails, 1 undecodable image", skipped.ToString());
        File.WriteAllBytes(_scratch.At("lists", "bad.png"), [1, 2, 3]);
        File.WriteAllBytes(_scratch.At("lists", "good.png"), Image);
        File.WriteAllText(_scratch.At("lists", "x.jsonl"), string.Join('\n', new[] { "good", "bad", "good" }.Select(name =>
            $$"""{"image":"{{name}}.png","conversations":[{"from":"human","value":"<image>"},{"from":"gpt","value":"a"}]}""")));
        var data = DrawnData.Open(Authors with { Path = _scratch.At("lists") }, 0);
        Assert.Equal([0, 2], data.Read(data.Draw.Rows, [], data.Filter).Select(sample => sample.Row));
    }

    [Fact]
    public void Reencoded_images_are_jpeg_and_others_are_untouched()
    {
        Write("a", [Row(), new TestRow([[1]], [("q", "a")])]);
        Assert.Equal(Image, Samples(new(Rate: 1), out _)[0].Images[0]);
        Sample[] reencoded = Samples(new(Rate: 1, Reencode: "jpeg"), out var skipped);
        Assert.Equal("1 undecodable image", skipped.ToString());
        Assert.Equal(JpegEncoder.Encode(ImageDecoder.Decode(Image, "x", ImageDecoding.Plain)), Assert.Single(reencoded).Images[0]);
    }

    [Fact]
    public void Turns_are_cut_and_incomplete_rows_kept_where_that_is_asked_for()
    {
        Write("a", [new TestRow([], [("q0", "a0"), ("q1", null), ("q2", "a2")]), new TestRow([], [])]);
        Assert.Equal(["q0 a0 q1 null", ""], Samples(Authors with { MaxTurns = 2 }, out _).Select(Texts));
        Assert.Equal([""], Samples(Authors with { MaxTurns = 2, Turns = "filter" }, out var filtered).Select(Texts));
        Assert.Equal("1 too many turns", filtered.ToString());
        Assert.Empty(Samples(Authors with { MaxTurns = 2, Incomplete = "skip" }, out var skipped));
        Assert.Equal("1 no turns, 1 null text", skipped.ToString());
        Assert.Equal(["q0 a0"], Samples(Authors with { MaxTurns = 1, Incomplete = "skip" }, out _).Select(Texts));   // null behind the cut

        static string Texts(Sample sample) => string.Join(' ', sample.Turns.Select(turn => turn.Text ?? "null"));
    }

    private static void Same(JsonNode record, Sample sample)
    {
        var marked = AuthorsForms.Marked(sample);
        Assert.Equal(record["conversations"]!.AsArray().Select(turn => ((string)turn!["from"]!, (string?)turn["value"])),
            marked.Turns.Select(turn => (turn.Role == Turn.User ? "human" : "gpt", turn.Text)));
        Assert.Equal(record["image"] switch { null => 0, JsonArray list => list.Count, _ => 1 }, sample.Images.Count);
        Assert.All(sample.Images, image => Assert.Equal([0xFF, 0xD8], image[..2]));
    }

    private static TestRow Row() => new([Image], [("q", "a")]);

    private void Write(string set, TestRow[] rows) => ParquetRows.Write(_scratch.At(set, "x.parquet"), rows, new Layout(RowsPerGroup: 2));

    private Sample[] Samples(DataOptions options, out SkipCounts skipped)
    {
        skipped = [];
        var data = DrawnData.Open(options with { Path = _scratch.Path }, 0);
        return [.. data.Read(data.Draw.Rows, skipped, data.Filter)];
    }

    private string[] Read(DataOptions options, Func<RowReference, bool> wanted, out SkipCounts skipped)
    {
        skipped = [];
        var data = DrawnData.Open(options with { Path = _scratch.Path }, 0);
        return [.. data.Read(data.Draw.Rows.Where(wanted), skipped, data.Filter).Select(sample => $"{sample.Set}{sample.Row}")];
    }
}
