using Interlace.Data;
using Interlace.Data.Parquet;
using Interlace.Tests.Data;
using Interlace.Tests.Images;
using Interlace.Vlm.Text;
using ParquetSharp;

namespace Interlace.Tests.Cases;

/// <summary>A text of any length in a file of a few kilobytes.</summary>
public class ParquetTextBombTests
{
    private static readonly byte[] Image = Png.Write(32, 32, 8, 2, new byte[32 * 32 * 3]);

    [Fact]
    public void The_file_as_found_is_refused()
    {
        using BadShard shard = new(File.ReadAllBytes(Shared.Require("cases", "parquet-text-bomb", "a.parquet")));
        Assert.Contains("unfold", shard.Refusal(), StringComparison.Ordinal);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_text_that_no_sample_can_have_is_counted_and_the_others_stay(bool question)
    {
        string text = new('a', 30_000_000);
        TestRow bomb = new([Image], [(question ? text : "What?", question ? "That." : text)]);
        using BadShard shard = new(path =>
            ParquetRows.Write(path, [new([Image], [("What?", "That.")]), bomb, new([Image], [("Who?", "She.")])],
            new Interlace.Tests.Data.Layout(Compression.Zstd)));
        var run = shard.Calibrate();
        Assert.Equal(0, run.Code);
        Assert.Contains("1 too long", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_text_is_not_copied()
    {
        TestRow[] rows = [new([Image], [(new string('a', 20_000_000), "That.")]), new([Image], [("What?", "That.")])];
        Assert.Equal([SkipReason.TooLong, null], Read(rows, new RowFilter(MaxTextBytes: 1000), most: 1_000_000));
    }

    [Fact]
    public void Many_turns_of_one_long_text_are_not_copied()
    {
        TestRow[] rows = [new([Image], [.. Enumerable.Repeat((new string('a', 100_000), "That."), 2000)]),
            new([Image], [("What?", "That.")])];
        Assert.Equal([SkipReason.TooManyTurns, null], Read(rows, new RowFilter(MaxTextBytes: 1_000_000), most: 3_000_000));
    }

    [Fact]
    public void No_text_that_fits_is_too_long()
    {
        Tokenizer tokenizer = Tokenizer.Load(Evaluation.Demo.Model);
        string text = string.Concat(Enumerable.Repeat("The cat sat on the mat. \u00E9\u4E2D ", 50));
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(text), 1, tokenizer.MostBytes(tokenizer.Encode(text).Length));
        string folded = string.Concat(Enumerable.Repeat("\u1112\u1161\u11AB", 500));   // nine bytes that are normalised to three
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(folded), 1, tokenizer.MostBytes(tokenizer.Encode(folded).Length));
    }

    private static string?[] Read(TestRow[] rows, RowFilter filter, long most)
    {
        using ScratchFolder folder = new();
        ParquetRows.Write(folder.At("x.parquet"), rows, new Interlace.Tests.Data.Layout(Compression.Zstd));
        using var reader = new ShardReader(folder.At("x.parquet"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        string?[] skips = [.. reader.Read([0, 1], filter).Select(row => row.Skip)];
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, most);
        return skips;
    }
}
