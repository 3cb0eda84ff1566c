using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

public class PrintableTests
{
    [Fact]
    public void Characters_that_command_a_terminal_become_visible_ones()
    {
        Assert.Equal("a␛[2J␇b␀␡\ufffd\ufffd", Printable.Lines("a\u001b[2J\ab\0\u007f\u009b\u202e"));
        Assert.Equal("a\n\tb␍", Printable.Lines("a\n\tb\r"));
        Assert.Equal("a␊␉b", Printable.Line("a\n\tb"));
        foreach (string plain in new[] { "", "Wie heißt das? 你好 👩‍👩‍👧 مرحبا", "a" }) Assert.Same(plain, Printable.Lines(plain));
    }

    [Fact]
    public void A_long_sentence_keeps_its_beginning_and_its_end()
    {
        string line = Printable.Line($"The name {new string('x', 50_000_000)} is wrong: choose another.");
        Assert.Equal(Printable.LongestLine, line.Length);
        Assert.StartsWith("The name xxx", line, StringComparison.Ordinal);
        Assert.EndsWith("x is wrong: choose another.", line, StringComparison.Ordinal);
        Assert.Equal(new string('a', Printable.LongestLine), Printable.Line(new string('a', Printable.LongestLine)));
    }

    [Fact]
    public void A_quote_is_short_and_half_a_character_is_none()
    {
        Assert.Equal("'yes'", Printable.Quote("yes"));
        Assert.Equal(Printable.LongestQuote + 2, Printable.Quote(new string('x', 1000)).Length);
        foreach (int shift in new[] { 0, 1 })
            foreach (string cut in new[] { Printable.Line(new string('x', shift) + string.Concat(Enumerable.Repeat("😀", 1000))),
                Printable.Quote(new string('x', shift) + string.Concat(Enumerable.Repeat("😀", 100))) })
                Assert.DoesNotContain('\ufffd', System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(cut)));
    }
}
