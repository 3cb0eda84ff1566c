using System.Text;
using Interlace.Data.Json;
using Interlace.Vlm;

namespace Interlace.Tests.Data.Json;

public class JsonRowsTests
{
    [Theory]
    [InlineData("{\"a\":1}\n\n  \r\n{\"b\":2}\r\n{\"c\":3}", new[] { "{\"a\":1}", "{\"b\":2}", "{\"c\":3}" }, new[] { 1, 4, 5 })]
    [InlineData("\uFEFF {\"a\":1}\n", new[] { "{\"a\":1}" }, new[] { 1 })]
    [InlineData(" \n[ {\"a\":[1,{}]} ,\n{\"b\":2}\n]\n ", new[] { "{\"a\":[1,{}]}", "{\"b\":2}" }, new[] { 2, 3 })]
    [InlineData("[{\"a\":\"],}\\\"{\\\\\"},3,\"x, y\"]", new[] { "{\"a\":\"],}\\\"{\\\\\"}", "3", "\"x, y\"" }, new[] { 1, 1, 1 })]
    [InlineData("[{]},{\"b\":2},]", new[] { "{]}", "{\"b\":2}" }, new[] { 1, 1 })]
    [InlineData("[1,,2]", new[] { "1", "", "2" }, new[] { 1, 1, 1 })]
    [InlineData("[]", new string[0], new int[0])]
    [InlineData(" \n\n", new string[0], new int[0])]
    [InlineData("", new string[0], new int[0])]
    public void Rows_are_the_elements_of_an_array_or_lines(string text, string[] expected, int[] lines)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var rows = All(bytes, bytes.Length);
        Assert.Equal(expected, rows.Select(row => Text(bytes, row.Start, row.Length)));
        Assert.Equal(lines.Select(line => (long)line), rows.Select(row => row.Line));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rows_are_the_same_however_the_file_comes_in(bool array)
    {
        string[] rows = [.. Enumerable.Range(0, 40).Select(i => $"{{\"i\":{i},\"t\":\"{new string('\\', 2 * (i % 5))}\\\"[{{,{i}\"}}")];
        byte[] bytes = Encoding.UTF8.GetBytes(array ? "[" + string.Join(" ,\n", rows) + "]" : string.Join("\n", rows));
        for (int chunk = 1; chunk < 60; chunk++)
            Assert.Equal(rows, All(bytes, chunk).Select(row => Text(bytes, row.Start, row.Length)));
    }

    [Fact]
    public void A_row_is_found_again_from_its_place()
    {
        byte[] bytes = "[{\"a\":1}, {\"b\":2}, {\"c\":3}]"u8.ToArray();
        var all = All(bytes, bytes.Length);
        JsonRows rows = new(new MemoryStream(bytes), "x.json") { IsArray = true };
        rows.Seek(all[1].Start);
        Assert.True(rows.Next());
        Assert.Equal((all[1].Start, all[1].Length), (rows.Start, rows.Length));
        Assert.True(rows.Next());
        Assert.Equal((all[2].Start, all[2].Length), (rows.Start, rows.Length));
        Assert.False(rows.Next());
    }

    [Theory]
    [InlineData("[{\"a\":1},\n\n{\"b\":2", "ends within the row that begins in line 3")]
    [InlineData("[{\"a\":1},", "ends within the row that begins in line 1")]
    [InlineData("[{\"a\":\"1},{\"b\":2}]", "ends within the row that begins in line 1")]
    [InlineData("[{\"a\":1}]\n[]", "goes on behind the end of its array, in line 2")]
    [InlineData("[", "ends within the row")]
    [InlineData("[\"\\", "ends within the row")]
    public void An_array_that_is_cut_off_or_goes_on_behind_its_end_is_refused(string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        string message = Assert.Throws<InputException>(() => All(bytes, bytes.Length)).Message;
        Assert.Contains(expected, message);
        Assert.Contains("'x.json'", message);
    }

    private static List<(long Start, long Length, long Line)> All(byte[] bytes, int chunk)
    {
        JsonRows rows = new(new Slow(bytes, chunk), "x.json");
        List<(long, long, long)> found = [];
        for (rows.Begin(); rows.Next();) found.Add((rows.Start, rows.Length, rows.Line));
        return found;
    }

    private static string Text(byte[] bytes, long start, long length) => Encoding.UTF8.GetString(bytes, (int)start, (int)length).Trim();

    /// <summary>A file that gives a few bytes at a time.</summary>
    private sealed class Slow(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(chunk, count));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(chunk, buffer.Length)]);
    }
}
