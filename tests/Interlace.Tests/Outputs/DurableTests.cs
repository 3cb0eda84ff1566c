using Interlace.Outputs;

namespace Interlace.Tests.Outputs;

public class DurableTests
{
    [Fact]
    public void Files_and_folders_are_flushed_and_an_absent_folder_is_no_fault()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch.At("f"), "x");
        Durable.FlushFile(scratch.At("f"));
        Durable.FlushFolder(scratch.Path);
        Durable.FlushFolder(Path.Combine(scratch.Path, "none"));
        Assert.Equal("x", File.ReadAllText(scratch.At("f")));
    }
}
