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

    [Fact]
    public void A_folder_that_others_fill_and_empty_meanwhile_is_no_fault()
    {
        using var scratch = new ScratchFolder();
        string folder = scratch.At("busy"), file = scratch.At("busy", "lock");
        Parallel.Invoke(
            () =>
            {
                for (int i = 0; i < 3000; i++) EmptyFolder.Delete(folder);
            },
            () =>
            {
                for (int i = 0; i < 3000; i++)
                {
                    try
                    {
                        Directory.CreateDirectory(folder);
                        File.WriteAllText(file, "");
                        File.Delete(file);
                    }
                    catch (IOException)
                    {
                        // Deleted by the other before the file was there, or while the folder was made.
                    }
                }
            });
        Assert.False(File.Exists(file));
    }
}
