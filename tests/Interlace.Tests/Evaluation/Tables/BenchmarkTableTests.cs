using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Interlace.Data;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Tables;

public class BenchmarkTableTests
{
    private static string Image(int seed, int bytes = 90) => Convert.ToBase64String(Bytes(seed, bytes));

    [Theory]
    [InlineData("007|8", "7|8"), InlineData("8|", "8.0|-"), InlineData("8|1.5", "8.0|1.5"), InlineData("1e3|5", "1000.0|5.0"), InlineData("1.50|x", "1.50|x"), InlineData("True|False", "True|False"), InlineData("true|FALSE", "True|False"),
     InlineData("True|", "True|-"), InlineData("True|1", "True|1"), InlineData("NA|None", "-|-"), InlineData("nan|null|x", "-|-|x"), InlineData(" 5|+6", "5|6"), InlineData("inf|1", "inf|1.0"), InlineData("1e|2", "1e|2"),
     InlineData("18446744073709551615|1", "18446744073709551615|1"), InlineData("18446744073709551616|1", "18446744073709551616|1"), InlineData("18446744073709551615|-1", "18446744073709551615|-1"), InlineData("9007199254740993|", "9007199254740992.0|-"),
     InlineData("1_000|2", "1_000|2"), InlineData("na|N/A", "na|-"), InlineData(".5|5.", "0.5|5.0"), InlineData("1.5|18446744073709551616", "1.5|1.8446744073709552e+19"), InlineData("-0|0", "0|0"), InlineData("1e400|1", "1e400|1"), InlineData("9223372036854775808|1e-5", "9.223372036854778e+18|1e-05"), InlineData("18446744073709551615|-0", "18446744073709551615|-0"),
     InlineData("9223372036854775808|NA|", "9223372036854775808|NA|"), InlineData("18446744073709551616|NA", "18446744073709551616|-"), InlineData("-0|9223372036854775808|5.", "-0.0|9.223372036854778e+18|5.0"), InlineData("0.1|0.30000000000000004", "0.1|0.3"), InlineData("1e-320|1", "1e-320|1.0"), InlineData("1e+2|1E-2", "100.0|0.01"), InlineData("1e 5|2", "1e 5|2")]
    public void Columns_take_the_types_of_pandas(string literals, string texts) =>
        Assert.Equal(texts, string.Join('|', ColumnTypes.Infer(literals.Split('|')).Select(text => text ?? "-")));

    [Fact]
    public void A_quote_at_the_start_of_a_cell_alone_quotes()
    {
        using TemporaryFile file = new("\ufeffindex\tquestion\tA\r\n1\t\"a \"\"b\"\"\tc\nd\"\tx\"y\"\r\n\n   \n2\t\"open\"end\t\"\"\r3\tlast");
        using BenchmarkTable table = BenchmarkTable.Open(file.Path);
        Assert.Equal(["a \"b\"\tc\nd", "openend", "last"], table.Rows.Select(row => row.Question));
        Assert.Equal(["x\"y\"", null, null], table.Rows.Select(row => row["A"]));
        Assert.Empty(table.Images(table.Rows[0]));
    }

    [Fact]
    public void Rows_without_their_cells_do_not_unfold_to_a_table_of_any_size()
    {
        string[] columns = ["index", "question", .. Enumerable.Range(0, 2000).Select(i => $"c{i}")];
        using TemporaryFile file =
            new($"{string.Join('\t', columns)}\n{string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i}\n"))}");
        Assert.Contains("2002 columns", Assert.Throws<InputException>(() => BenchmarkTable.Open(file.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Images_are_read_from_cells_lists_and_other_rows()
    {
        string list = $"['{Image(3)}', '{Image(4, 400_000)}']";
        using TemporaryFile file = new($"index\tquestion\timage\n5\tq\t{Image(1, 600_000)}\n6\tq\t\"{list}\"\n7\tq\t5\n8\tq\t6\n9\tq\t\n10\tq\t7\n11\tq\t404\n12\tq\t{Image(9)}!\n13\tq\t[{Image(1)}]\n");
        using BenchmarkTable table = BenchmarkTable.Open(file.Path, hash: true);
        Assert.Equal(1, table.RowsWithoutImage);
        Assert.Equal(["5", "6", "7", "8", "10", "11", "12", "13"], table.Rows.Select(row => row.Index));
        Assert.True(table.IndicesAreIntegers);
        Assert.Equal(Bytes(1, 600_000), Assert.Single(table.Images(table.Rows[0])));
        Assert.Equal([Bytes(3, 90), Bytes(4, 400_000)], table.Images(table.Rows[1]));
        Assert.Equal(Bytes(1, 600_000), Assert.Single(table.Images(table.Rows[2])));
        Assert.Equal(2, table.Images(table.Rows[3]).Count);
        foreach (int wrong in (int[])[4, 5, 6, 7])
            Assert.Contains($"ow {table.Rows[wrong].Index} of table.tsv",
                Assert.Throws<SampleException>(() => table.Images(table.Rows[wrong])).Message);
#pragma warning disable CA5351 // MD5 is what tables are published with.
        Assert.Equal(Convert.ToHexStringLower(MD5.HashData(File.ReadAllBytes(file.Path))), table.Md5);
#pragma warning restore CA5351
    }

    [Fact]
    public void Opening_a_table_costs_its_texts_and_not_its_images()
    {
        string image = Image(1, 1 << 20);
        using TemporaryFile file = new("index\tquestion\timage\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"{i}\tq\t{image}\n")));
        long before = GC.GetAllocatedBytesForCurrentThread();
        using BenchmarkTable table = BenchmarkTable.Open(file.Path, hash: true);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        Assert.Equal(Bytes(1, 1 << 20), Assert.Single(table.Images(table.Rows[19])));
    }

    [Fact]
    public void Images_beside_the_table_are_read_by_path()
    {
        using TemporaryFile file = new("index\tquestion\timage_path\n1\tq\ttable.tsv\n2\tq\tnone.png\n");
        using BenchmarkTable table = BenchmarkTable.Open(file.Path);
        Assert.Equal(File.ReadAllBytes(file.Path), Assert.Single(table.Images(table.Rows[0])));
        Assert.Throws<SampleException>(() => table.Images(table.Rows[1]));
    }

    [Theory]
    [InlineData("", "empty"), InlineData("index\tA\n", "question"), InlineData("question\n", "index"), InlineData("index\tquestion\n1\tq\textra\n", "3 cells"), InlineData("index\tquestion\n1\tq\n1\tr\n", "two rows of index 1"), InlineData("index\tquestion\n1\t\"q\n", "unbalanced")]
    public void A_broken_table_is_refused_with_its_reason(string text, string reason)
    {
        using TemporaryFile file = new(text);
        Assert.Contains(reason, Assert.Throws<InputException>(() => BenchmarkTable.Open(file.Path)).Message);
    }

    [Fact]
    public void A_table_that_is_no_UTF8_or_not_there_is_refused()
    {
        using TemporaryFile file = new([.. "index\tquestion\n1\t"u8, 0xff, 0xfe]);
        Assert.Contains("UTF-8", Assert.Throws<InputException>(() => BenchmarkTable.Open(file.Path)).Message);
        Assert.Throws<InputException>(() => BenchmarkTable.Open(file.Path + ".none"));
    }

    [Fact]
    public void Names_of_columns_are_found_in_lower_case_but_options_are_capitals()
    {
        BenchmarkRow row = new([new("Index", "1"), new("L2-Category", "x"), new("A", "one"), new("C", "three"), new("d", "no option"), new("B", null)]);
        Assert.Equal(("1", "x"), (row.Index, row["l2-category"]));
        Assert.Equal([new Option('A', "one"), new Option('C', "three")], row.Options);
    }

    [Fact]
    public void Any_table_of_texts_comes_back_whatever_the_pieces_it_is_read_in() =>
        Gen.Select(Gen.String.Array[3].Array[1, 6], Gen.Int[1, 9], Gen.Bool).Sample((records, piece, crlf) =>
        {
            string[][] kept = [.. records.Select(record => record.Select(Valid).ToArray())];
            string tsv = string.Concat(kept.Select(record => string.Join('\t', record.Select(Quoted)) + (crlf ? "\r\n" : "\n")));
            TsvReader reader = new(new Pieces(Encoding.UTF8.GetBytes(tsv), piece), "table");
            List<RawCell> cells = [];
            foreach (string[] record in kept)
                if (!reader.ReadRecord(cells) || !cells.Select(cell => Encoding.UTF8.GetString(cell.Value)).SequenceEqual(record)) return false;
            return !reader.ReadRecord(cells);
        }, iter: 300);

    [Fact]
    public void No_bytes_do_anything_but_read_or_be_refused() => Gen.Byte.Array[0, 60].Sample(bytes =>
    {
        try
        {
            using TemporaryFile file = new([.. "index\tquestion\timage\n"u8, .. bytes]);
            using BenchmarkTable table = BenchmarkTable.Open(file.Path);
            foreach (BenchmarkRow row in table.Rows) table.Images(row);
        }
        catch (InputException)
        {
        }
    }, iter: 200);

    private static byte[] Bytes(int seed, int count)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string Valid(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string Quoted(string cell) => $"\"{cell.Replace("\"", "\"\"")}\"";

    /// <summary>A stream that hands out a few bytes at a time.</summary>
    private sealed class Pieces(byte[] content, int size) : MemoryStream(content)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(size, buffer.Length)]);
    }
}
