using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class FileStampsTests
{
    [Fact]
    public void A_file_that_is_written_cut_short_or_gone_is_noticed_and_one_behind_a_link_too()
    {
        using var scratch = new ScratchFolder();
        string path = scratch.At("weights"), link = scratch.At("link");
        File.WriteAllText(path, "some weights");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        File.CreateSymbolicLink(link, path);
        var stamps = FileStamps.Of([link]);
        stamps.Check();
        File.WriteAllText(path, "same weights");
        Assert.Contains("link changed while it was used", Assert.Throws<InputException>(stamps.Check).Message);
        File.WriteAllText(path, "some weights");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        stamps.Check();
        File.WriteAllText(path, "weights");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Throws<InputException>(stamps.Check);
        File.Delete(path);
        Assert.Throws<InputException>(stamps.Check);
    }
}
