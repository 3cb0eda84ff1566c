using System.Text;
using CsCheck;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Tests.Evaluation.Tables;

public class TsvReaderTests
{
    [Fact]
    public void A_field_read_again_where_it_stands_equals_the_field_read_in_passing()
    {
        Gen.Char["a\"\t\n\r,['"].Array[0, 40].Select(letters => new string(letters)).Sample(text =>
        {
            byte[] file = Encoding.UTF8.GetBytes($"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"tail\tnext\n");
            List<RawCell> cells = [];
            Assert.True(new TsvReader(new MemoryStream(file), "t").ReadRecord(cells));
            Assert.Equal([text + "tail", "next"], cells.Select(cell => Encoding.UTF8.GetString(cell.Value)));
            Assert.Equal(text + "tail",
                Encoding.UTF8.GetString(TsvReader.Unquote(file[(int)cells[0].Offset..(int)(cells[0].Offset + cells[0].Length)], "t")));
        }, iter: 2000, threads: 1);
        Assert.Equal("plain"u8.ToArray(), TsvReader.Unquote("plain"u8.ToArray(), "t"));
        foreach (string cut in new[] { "\"", "\"a", "\"a\"\"" })
            Assert.Contains("unbalanced", Assert.Throws<InputException>(() => TsvReader.Unquote(Encoding.UTF8.GetBytes(cut), "t")).Message);
    }

    [Fact]
    public void Cells_may_be_separated_by_commas_then_tabs_are_text()
    {
        List<RawCell> cells = [];
        TsvReader reader = new(new MemoryStream("a\tb,\"c,d\"\r\n1,2\r\n"u8.ToArray()), "t", separator: ',');
        Assert.True(reader.ReadRecord(cells));
        Assert.Equal(["a\tb", "c,d"], cells.Select(cell => Encoding.UTF8.GetString(cell.Value)));
        Assert.True(reader.ReadRecord(cells));
        Assert.Equal(["1", "2"], cells.Select(cell => Encoding.UTF8.GetString(cell.Value)));
        Assert.False(reader.ReadRecord(cells));
    }

    [Fact]
    public void A_quote_that_is_never_closed_does_not_take_in_the_whole_file()
    {
        using Endless stream = new();
        Assert.Contains($"a cell of more than {TsvReader.LargestCell} bytes",
            Assert.Throws<InputException>(() => new TsvReader(stream, "t").ReadRecord([])).Message, StringComparison.Ordinal);
        Assert.InRange(stream.Given, TsvReader.LargestCell / 2, 2L * TsvReader.LargestCell);
        // A column of images is passed over whatever its length.
        using Endless images = new(end: 3L * TsvReader.LargestCell);
        List<RawCell> cells = [];
        Assert.True(new TsvReader(images, "t").ReadRecord(cells, longColumn: 0));
        Assert.True(Assert.Single(cells) is { IsLong: true, Value.Length: TsvReader.LongCell });
    }

    /// <summary>A quote and then the letter a, for ever or up to a closing quote.</summary>
    private sealed class Endless(long end = long.MaxValue) : MemoryStream
    {
        public long Given { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            if (Given == end) return 0;
            int count = (int)Math.Min(buffer.Length, end - Given);
            buffer[..count].Fill((byte)'a');
            if (Given == 0) buffer[0] = (byte)'"';
            Given += count;
            if (Given == end) buffer[count - 1] = (byte)'"';
            return count;
        }
    }
}
