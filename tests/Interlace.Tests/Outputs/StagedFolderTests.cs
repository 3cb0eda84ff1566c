using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

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
    public void Without_a_commit_nothing_is_left()
    {
        using var scratch = new ScratchFolder();
        using (var folder = StagedFolder.Begin(scratch.At("out"), 1)) File.WriteAllText(Path.Combine(folder.FullPath, "half"), "");
        Assert.Empty(scratch.Entries());
    }

    [Fact]
    public void What_a_killed_process_left_is_cleared_and_what_it_was_replacing_is_put_back()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch.At("out.partial", "new", "half"), "");
        File.WriteAllText(scratch.At("out.partial", "old", "whole"), "");
        File.WriteAllText(scratch.At("out.partial", FolderLock.Name), "held by a process of interlace\n");
        Assert.Contains("is not empty", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
        Assert.True(File.Exists(scratch.At("out", "whole")));
        Assert.Equal(["out"], scratch.Entries());
    }

    [Fact]
    public void Another_ones_folder_of_the_name_is_left_alone()
    {
        using var scratch = new ScratchFolder();
        File.WriteAllText(scratch.At("out.partial", "mine"), "x");
        Assert.Contains("in the way", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
        StagedFolder.Discard(scratch.At("out"));
        Assert.Equal(["mine"], Directory.EnumerateFileSystemEntries(scratch.At("out.partial")).Select(entry => Path.GetFileName(entry)));
        Assert.False(Path.Exists(scratch.At("out")));
    }

    [Fact]
    public void One_place_is_filled_by_one_at_a_time()
    {
        using var scratch = new ScratchFolder();
        using (var first = StagedFolder.Begin(scratch.At("out"), 1))
        {
            Assert.Contains("in use", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
            File.WriteAllText(Path.Combine(first.FullPath, "f"), "");
            first.Commit();
            Assert.Contains("is not empty",
                Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out") + "/", 1, freeBytes: _ => 1)).Message);
        }
        Assert.Equal(["out"], scratch.Entries());
    }

    [Theory, InlineData(true), InlineData(false)]
    public void What_a_process_left_that_was_killed_after_its_commit_is_cleared_by_the_next(bool locked)
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("out"));
        File.WriteAllText(scratch.At("out", "f"), "x");
        Directory.CreateDirectory(scratch.At("out.partial"));
        if (locked) File.WriteAllText(scratch.At("out.partial", FolderLock.Name), "held by a process of interlace\n");
        Assert.Contains("is not empty", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
        Assert.Equal(["out"], scratch.Entries());
        Assert.Equal("x", File.ReadAllText(scratch.At("out", "f")));
    }

    [Fact]
    public void A_link_is_followed_to_the_folder_it_leads_to()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("big"));
        Directory.CreateSymbolicLink(scratch.At("link"), scratch.At("big"));
        using (var folder = StagedFolder.Begin(scratch.At("link"), 1))
        {
            File.WriteAllText(Path.Combine(folder.FullPath, "f"), "x");
            folder.Commit();
        }
        Assert.Equal("x", File.ReadAllText(scratch.At("big", "f")));
        Assert.NotNull(new DirectoryInfo(scratch.At("link")).LinkTarget);
    }

    [Fact]
    public void A_place_that_is_taken_is_refused_unless_it_may_be_replaced()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("out"));
        StagedFolder.Begin(scratch.At("out"), 1).Dispose();   // an empty folder is no obstacle
        File.WriteAllText(scratch.At("out", "old"), "");
        Assert.Contains("is not empty", Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1)).Message);
        Assert.Contains("did not make",
            Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), 1, replaces: _ => false)).Message);
        using (var folder = StagedFolder.Begin(scratch.At("out"), 1, replaces: place => File.Exists(Path.Combine(place, "old"))))
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
        string message = Assert.Throws<InputException>(() => StagedFolder.Begin(Path.Combine(scratch.Path, "deep", "out"), 2_500_000,
            freeBytes: _ => 1_000_000)).Message;
        Assert.Contains("needs 3 MB, but its disk has 1 MB free", message);
        Assert.Empty(scratch.Entries());
        Assert.Throws<InputException>(() => StagedFolder.Begin(scratch.At("out"), long.MaxValue));   // the system's own answer
    }
}
