using Interlace.Outputs;

namespace Interlace.Tests.Outputs;

public class EmptyFolderTests
{
    [Fact]
    public void An_empty_folder_goes_and_any_other_stays()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("empty"));
        File.WriteAllText(scratch.At("full", ".hidden"), "");
        Assert.Equal([false, true, false], new[] { "empty", "full", "none" }.Select(name => EmptyFolder.IsTaken(scratch.At(name))));
        foreach (string name in (string[])["empty", "full", "none"]) EmptyFolder.Delete(scratch.At(name));
        Assert.Equal(["full"], scratch.Entries());
    }
}
