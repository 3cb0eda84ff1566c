using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Tests.Files;

public class PlainNameTests
{
    [Theory]
    [InlineData("POPE"), InlineData("hr_bench-4k.v2"), InlineData(".hidden"), InlineData("zwei Wörter"),
        InlineData("model-00001-of-00003.safetensors"), InlineData("...a"), InlineData("題")]
    public void Names_that_stay_in_their_folder_are_plain(string name)
    {
        Assert.Null(PlainName.FaultOf(name));
        PlainName.Check(name, "A name");
    }

    [Theory]
    [InlineData(""), InlineData(" "), InlineData("."), InlineData(".."), InlineData("a/b"), InlineData("/etc/passwd"), InlineData("../a"),
        InlineData("a\\b"), InlineData("C:a"), InlineData("a\0"), InlineData("a\nb")]
    [InlineData("a\u001b[2Jb"), InlineData("a\u202eb"), InlineData("a\u0085b"), InlineData(" a"), InlineData("a "), InlineData("a."),
        InlineData("a\u2028")]
    public void Names_that_could_lead_elsewhere_or_cannot_be_seen_are_not(string name) =>
        Assert.StartsWith("A name ", Assert.Throws<InputException>(() => PlainName.Check(name, "A name")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_name_is_bounded_in_bytes_not_in_characters()
    {
        Assert.Null(PlainName.FaultOf(new string('a', PlainName.MostBytes)));
        Assert.NotNull(PlainName.FaultOf(new string('a', PlainName.MostBytes + 1)));
        Assert.NotNull(PlainName.FaultOf(new string('題', PlainName.MostBytes / 2)));
    }
}
