using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

public sealed class RealPathTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _root;

    public RealPathTests() => _root = RealPath.Of(_scratch.Path);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void One_place_has_one_path_however_it_is_spelled()
    {
        string a = Directory.CreateDirectory(Path.Combine(_root, "a", "b")).FullName;
        foreach (string spelling in new[] { $"{a}/", $"{a}//", $"{_root}/a/./b", $"{_root}/a/../a/b", $"{_root}/none/../a/b/.",
            Path.GetRelativePath(Environment.CurrentDirectory, a) })
            Assert.Equal(a, RealPath.Of(spelling));
        Assert.Equal("/", RealPath.Of("/.."));
        Assert.Equal(Path.Combine(a, "not", "there"), RealPath.Of(Path.Combine(a, "not", "there") + "/"));
    }

    [Fact]
    public void A_character_that_no_path_has_is_refused() =>
        Assert.Contains("no path", Assert.Throws<InputException>(() => RealPath.Of("a\0b")).Message);

    [Fact]
    public void Links_are_followed_wherever_they_stand_in_the_path()
    {
        string there = Directory.CreateDirectory(Path.Combine(_root, "there", "inner")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(_root, "link"), "there");                       // relative
        Directory.CreateSymbolicLink(Path.Combine(_root, "again"), Path.Combine(_root, "link"));   // to a link
        File.CreateSymbolicLink(Path.Combine(_root, "nowhere"), Path.Combine("there", "absent"));
        Assert.Equal(there, RealPath.Of(Path.Combine(_root, "again", "inner")));
        Assert.Equal(Path.Combine(_root, "there", "absent"), RealPath.Of(Path.Combine(_root, "nowhere")));
        // Behind a link, ".." is the parent of what it leads to.
        Directory.CreateSymbolicLink(Path.Combine(_root, "deep"), there);
        Assert.Equal(Path.Combine(_root, "there"), RealPath.Of(Path.Combine(_root, "deep", "..")));
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        Directory.CreateSymbolicLink(Path.Combine(_root, "one"), Path.Combine(_root, "two"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "two"), Path.Combine(_root, "one"));
        Assert.Contains("circle", Assert.Throws<InputException>(() => RealPath.Of(Path.Combine(_root, "one", "x"))).Message);
    }
}
