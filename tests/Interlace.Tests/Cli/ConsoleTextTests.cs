using Interlace.Cli;
using Interlace.Vlm;

namespace Interlace.Tests.Cli;

public class ConsoleTextTests
{
    [Fact]
    public void What_can_be_written_is_passed_on()
    {
        var kept = new StringWriter();
        using var text = new ConsoleText(kept, "broken");
        text.Write('a');
        text.Write("b");
        text.Write("cd".AsSpan());
        text.WriteLine("e");
        text.WriteLine();
        text.Flush();
        Assert.Equal($"abcde{kept.NewLine}{kept.NewLine}", kept.ToString());
    }

    [Fact]
    public void What_cannot_be_written_is_told_or_passed_over()
    {
        var closed = new StringWriter();
        closed.Dispose();
        using var results = new ConsoleText(closed, "Standard output cannot be written");
        Assert.StartsWith("Standard output cannot be written: ", Assert.Throws<InputException>(() => results.WriteLine("x")).Message,
            StringComparison.Ordinal);
        using var log = new ConsoleText(closed, failure: null);
        log.WriteLine("x");
        log.Write('x');
    }
}
