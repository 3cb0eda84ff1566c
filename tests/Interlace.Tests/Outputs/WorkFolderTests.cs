using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

public sealed class WorkFolderTests : IDisposable
{
    private static readonly string[] Names = ["state"];

    private readonly ScratchFolder _scratch = new();
    private readonly string _folder;

    public WorkFolderTests() => _folder = _scratch.At("out.training");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_is_kept_waits_for_the_next_process_and_an_empty_folder_goes()
    {
        using (var work = WorkFolder.Open(_folder, Names, "out"))
        {
            File.WriteAllText(Path.Combine(work.Path, "state"), "1");
            Assert.Contains("in use", Assert.Throws<InputException>(() => WorkFolder.Open(_folder, Names, "out")).Message);
        }
        Assert.Equal(["state"], Directory.EnumerateFileSystemEntries(_folder).Select(entry => Path.GetFileName(entry)));
        using (var work = WorkFolder.Open(_folder, Names, "out"))
        {
            File.WriteAllText(Path.Combine(work.Path, "state.partial"), "half");
            work.Clear();
        }
        Assert.False(Directory.Exists(_folder));
    }

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("data/rows.parquet")]
    [InlineData("state/inner")]
    public void What_others_have_put_there_is_neither_used_nor_deleted(string stranger)
    {
        string path = _scratch.At("out.training", stranger);
        File.WriteAllText(path, "mine");
        Assert.Contains("did not make it", Assert.Throws<InputException>(() => WorkFolder.Open(_folder, Names, "out")).Message);
        Assert.Throws<InputException>(() => WorkFolder.Discard(_folder, Names, "out"));
        Assert.Equal("mine", File.ReadAllText(path));
    }
}
