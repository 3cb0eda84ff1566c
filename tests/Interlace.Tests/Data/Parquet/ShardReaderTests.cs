using CsCheck;
using Interlace.Data;
using Interlace.Data.Parquet;
using ParquetSharp;

namespace Interlace.Tests.Data.Parquet;

public class ShardReaderTests
{
    private static readonly RowFilter Everything = new(int.MaxValue, int.MaxValue);

    private static readonly Compression[] Codecs = [Compression.Uncompressed, Compression.Snappy, Compression.Zstd, Compression.Gzip];

    private static readonly Gen<byte[]> Image = Gen.Int[0, 400].SelectMany(length => Gen.Byte.Array[length]);

    private static readonly Gen<TestRow> Row = Gen.Select(Image.Null().Array[0, 4].Null(), Gen.Select(Gen.String.AlphaNumeric.Null(), Gen.String.AlphaNumeric.Null()).Array[0, 3].Null(),
        (images, turns) => new TestRow(images, turns));

    private static readonly Gen<Layout> AnyLayout = Gen.Select(Gen.Int[0, 3].Select(codec => Codecs[codec]), Gen.Bool, Gen.Int[1, 30], Gen.Int[1, 3000],
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[1, 2000]), (codec, dictionary, group, page, rest) => new Layout(codec, dictionary, group, page, rest.Item1, rest.Item2, rest.Item3, rest.Item4));

    [Fact]
    public void Any_rows_of_any_layout_come_back_as_written() => CheckAnyRows(null);

    [Fact]
    public void An_empty_page_where_a_dictionary_ends_is_not_the_end_of_a_column() => CheckAnyRows("0001YFIreee2");

    private static void CheckAnyRows(string? seed) =>
        Gen.Select(Row.Array[1, 40], AnyLayout, Gen.Int[1, 6]).Sample((rows, layout, step) =>
        {
            using ScratchFolder folder = new();
            ParquetRows.Write(folder.At("x.parquet"), rows, layout);
            using var reader = new ShardReader(folder.At("x.parquet"));
            long[] wanted = [.. Enumerable.Range(0, rows.Length).Where(row => row % step == step - 1).Select(row => (long)row)];
            ShardRow[] read = [.. reader.Read(wanted, Everything)];
            Assert.Equal(wanted, read.Select(row => row.Row));
            foreach (ShardRow row in read)
            {
                TestRow written = rows[row.Row];
                Assert.Equal(Expected(written), row.Skip);
                Assert.Equal(written.Turns?.Select(turn => turn.User) ?? [], row.Questions.Select(Text));
                Assert.Equal(written.Turns?.Select(turn => turn.Assistant) ?? [], row.Answers.Select(Text));
                if (row.Skip is null) Assert.Equal<byte[]?>(written.Images ?? [], row.Images);
            }
        }, seed: seed, iter: 150);

    [Theory]
    [InlineData(Compression.Uncompressed, true, true)]
    [InlineData(Compression.Snappy, false, true)]
    [InlineData(Compression.Zstd, true, false)]
    [InlineData(Compression.Snappy, false, false)]
    public void One_row_in_a_hundred_costs_little_more_than_a_hundredth_of_the_bytes(Compression codec, bool pageIndex, bool version2)
    {
        using ScratchFolder folder = new();
        Random random = new(5);
        TestRow[] rows = [.. Enumerable.Range(0, 1000).Select(row => new TestRow([RandomBytes(random, 6000)], [($"question {row}", "yes")]))];
        ParquetRows.Write(folder.At("x.parquet"), rows, new Layout(codec, Dictionary: true, PageBytes: 6000, PageIndex: pageIndex, Version2Pages: version2, DictionaryBytes: 100_000));
        using var reader = new ShardReader(folder.At("x.parquet"));
        long[] wanted = [.. Enumerable.Range(0, 10).Select(i => 50L + 100 * i)];
        foreach (ShardRow row in reader.Read(wanted, Everything)) Assert.Equal(rows[row.Row].Images![0], row.Images[0]);
        // Ten images are 1 %; each page header passed over costs 128 bytes, the texts and the footer the rest.
        Assert.InRange(reader.BytesRead, 60_000, reader.Length / 15);
    }

    [Fact]
    public void Images_of_rows_that_are_filtered_out_are_not_read()
    {
        using ScratchFolder folder = new();
        Random random = new(5);
        TestRow[] rows = [.. Enumerable.Range(0, 20).Select(row => new TestRow([.. Enumerable.Range(0, row == 7 ? 1 : 5).Select(_ => RandomBytes(random, 20_000))], [("q", "a")]))];
        ParquetRows.Write(folder.At("x.parquet"), rows, new Layout(Dictionary: false, PageBytes: 1000));
        using var reader = new ShardReader(folder.At("x.parquet"));
        Assert.Equal(19, reader.Read([.. Enumerable.Range(0, 20).Select(row => (long)row)], new RowFilter()).Count(row => row.Skip == SkipReason.TooManyImages));
        Assert.InRange(reader.BytesRead, 20_000, 60_000);
    }

    private static string? Expected(TestRow row) =>
        row.Turns is null or [] ? SkipReason.NoTurns
        : row.Turns.Any(turn => turn.User is null || turn.Assistant is null) ? SkipReason.NullText
        : row.Images?.Contains(null) == true ? SkipReason.MissingImage : null;

    private static string? Text(byte[]? bytes) => bytes is null ? null : System.Text.Encoding.UTF8.GetString(bytes);

    private static byte[] RandomBytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
