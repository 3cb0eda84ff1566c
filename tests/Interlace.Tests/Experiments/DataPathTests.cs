using Interlace.Experiments;
using Interlace.Vlm;

namespace Interlace.Tests.Experiments;

public class DataPathTests
{
    [Theory]
    [InlineData("data", "data")]
    [InlineData("a,b=0.5, c=1", "a|b 0.5|c 1")]
    [InlineData("a=b", "a=b")]
    [InlineData("a=b=1e-3", "a=b 0.001")]
    [InlineData("=1", "=1")]
    public void A_text_names_paths_and_their_rates(string text, string expected) => Assert.Equal(expected, Shown(DataPath.ListOf(text)));

    [Fact]
    public void A_path_that_is_there_as_it_is_spelled_is_one()
    {
        using ScratchFolder scratch = new();
        string odd = scratch.At("a,b=1"), other = scratch.At("c=0.5");
        foreach (string path in new[] { odd, other }) Directory.CreateDirectory(path);
        Assert.Equal(odd, Shown(DataPath.ListOf(odd)));
        Assert.Equal($"{other}|x 0.5", Shown(DataPath.ListOf($"{other},x=0.5")));
        Assert.Equal(odd, DataPath.Spell("a,b=1", name => Path.Combine(scratch.Path, name)));
    }

    [Fact]
    public void Every_path_is_spelled_otherwise_and_keeps_its_rate() =>
        Assert.Equal("/r/a,/r/b=0.25", DataPath.Spell("a,b=0.25", path => $"/r/{path}"));

    [Theory]
    [InlineData("a,,b", "empty")]
    [InlineData(" ", "empty")]
    [InlineData("a=0", "expected a number above 0 and at most 1")]
    [InlineData("a=1.5", "expected a number above 0 and at most 1")]
    public void What_names_nothing_is_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => DataPath.ListOf(text)).Message);

    private static string Shown(IEnumerable<DataPath> paths) =>
        string.Join('|', paths.Select(path => path.Rate is { } rate ? FormattableString.Invariant($"{path.Path} {rate}") : path.Path));
}
