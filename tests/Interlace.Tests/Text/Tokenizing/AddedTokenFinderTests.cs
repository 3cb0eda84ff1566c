using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text.Tokenizing;

public class AddedTokenFinderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("ab", "ab")]
    [InlineData("<a>", "[<a>]")]
    [InlineData("x<a><ab>y", "x|[<a>]|[<ab>]|y")]
    [InlineData("<<a>a>", "<|[<a>]|a>")]
    [InlineData("<abc", "[<ab]|c")]
    [InlineData("<abc>", "[<abc>]")]   // the longest of those that start together
    [InlineData("<a", "<a")]
    public void The_leftmost_and_longest_are_cut_out(string text, string expected)
    {
        string[] tokens = ["<a>", "<ab", "<ab>", "<abc>", ""];
        var finder = new AddedTokenFinder(tokens.Select((token, id) => (token, new AddedToken(id, token, Special: true, Normalized: false))));
        Assert.Equal(expected, string.Join('|', finder.Cut(text).Select(part =>
            part.Token is null ? text[part.Span.Start..part.Span.End] : $"[{part.Token.Content}]")));
    }

    [Fact]
    public void The_first_of_two_that_are_written_alike_counts()
    {
        var finder = new AddedTokenFinder([("<a>", new(1, "<a>", true, false)), ("<a>", new(2, "<a>", true, false))]);
        Assert.Equal(1, finder.Cut("<a>").Single().Token!.Id);
    }

    /// <summary>Six thousand tokens that begin alike, as some families have: looking at each of them at each place would take minutes.</summary>
    [Fact]
    public void Many_tokens_that_begin_alike_are_found_quickly()
    {
        var finder = new AddedTokenFinder(Enumerable.Range(0, 6000).Select(i => ($"<unused{i}>", new AddedToken(i, $"<unused{i}>", false, false))));
        string text = string.Concat(Enumerable.Repeat("<unused", 100_000)) + "<unused5999>";
        Assert.Equal(2, finder.Cut(text).Count());
    }
}
