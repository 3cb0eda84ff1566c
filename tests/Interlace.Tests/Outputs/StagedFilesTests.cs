using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

public sealed class StagedFilesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _folder;

    public StagedFilesTests() => _folder = _scratch.At("folder");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Files_come_to_their_places_together_beside_those_that_lie_there()
    {
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, "other"), "x");
        using (var files = StagedFiles.Begin(_folder, ["a", "b"], 10))
        {
            File.WriteAllText(files.PathOf("a"), "1");
            Assert.False(File.Exists(Path.Combine(_folder, "a")));
            File.WriteAllText(files.PathOf("b"), "2");
            files.Commit();
        }
        Assert.Equal(["a", "b", "other"], Directory.EnumerateFileSystemEntries(_folder).Select(path => Path.GetFileName(path)!).Order());
    }

    [Fact]
    public void What_is_not_committed_is_gone_and_so_is_a_folder_that_was_made_for_it()
    {
        using (var files = StagedFiles.Begin(_folder, ["a"], 10)) File.WriteAllText(files.PathOf("a"), "1");
        Assert.False(Directory.Exists(_folder));
        Directory.CreateDirectory(_folder);
        using (var files = StagedFiles.Begin(_folder, ["a"], 10)) File.WriteAllText(files.PathOf("a"), "1");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));   // the caller's own folder stays
    }

    [Fact]
    public void Taken_places_are_refused_before_anything_is_written()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "b"));
        File.WriteAllText(Path.Combine(_folder, "a"), "mine");
        Assert.Throws<InputException>(() => StagedFiles.Begin(_folder, ["a"], 1));
        Assert.Throws<InputException>(() => StagedFiles.Begin(_folder, ["a"], 1, _ => false));
        Assert.Throws<InputException>(() => StagedFiles.Begin(_folder, ["b"], 1, _ => true));
        Assert.Throws<InputException>(() => StagedFiles.Begin(Path.Combine(_folder, "a"), ["c"], 1));
        Assert.Throws<InputException>(() => StagedFiles.Begin(_folder, ["c"], 100, freeBytes: _ => 99));
        Assert.Equal(["a", "b"], Directory.EnumerateFileSystemEntries(_folder).Select(path => Path.GetFileName(path)!).Order());
        Assert.Equal("mine", File.ReadAllText(Path.Combine(_folder, "a")));
    }
}
