using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Tests.Checkpoints;

public class StagedFolderTests
{
    [Fact]
    public void A_folder_appears_at_its_commit()
    {
        using var scratch = new ScratchFolder();
        using (var folder = StagedFolder.Begin(scratch.At("deep", "out"), 1))
        {
            File.WriteAllText(Path.Combine(folder.FullPath, "f"), "x");
            Assert.False(Directory.Exists(scratch.At("deep", "out")));
            folder.Commit();
        }
        Assert.Equal("x", File.ReadAllText(scratch.At("deep", "out", "f")));
        Assert.Single(Directory.EnumerateFileSystemEntries(scratch.At("deep")));
    }

    [Fact]
    public void Without_a_commit_nothing_is_left_and_what_a_killed_program_left_is_cleared()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("out.partial"));
        File.WriteAllText(scratch.At("out.partial", "stale"), "");
        using (var folder = StagedFolder.Begin(scratch.At("out"), 1)) Assert.Empty(Directory.EnumerateFileSystemEntries(folder.FullPath));
        Assert.Empty(scratch.Entries());
    }

    [Fact]
    public void A_place_that_is_taken_is_refused_unless_it_may_be_replaced()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("out"));
        StagedFolder.Begin(scratch.At("out"), 1).Dispose();   // an empty folder is no obstacle
        File.WriteAllText(scratch.At("out", "old"), "");
        Assert.Contains("is not empty", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
        using (var folder = StagedFolder.Begin(scratch.At("out"), 1, overwrite: true))
        {
            File.WriteAllText(Path.Combine(folder.FullPath, "new"), "");
            Assert.True(File.Exists(scratch.At("out", "old")));
            folder.Commit();
        }
        Assert.Equal(["new"], Directory.EnumerateFiles(scratch.At("out")).Select(file => Path.GetFileName(file)));
        Assert.Equal(["out"], scratch.Entries());
        Assert.Contains("is a file", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out", "new"), 1)).Message);
    }

    [Fact]
    public void A_full_disk_is_noticed_before_anything_is_written()
    {
        using var scratch = new ScratchFolder();
        string message = Assert.Throws<InputException>(() => StagedFolder.Begin(Path.Combine(scratch.Path, "deep", "out"), 2_500_000, freeBytes: _ => 1_000_000)).Message;
        Assert.Contains("needs 3 MB, but its disk has 1 MB free", message);
        Assert.Empty(scratch.Entries());
        Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), long.MaxValue));   // the system's own answer
    }
}
