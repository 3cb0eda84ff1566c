using Interlace.Cli;
using Interlace.Vlm;

namespace Interlace.Tests.Cli;

public sealed class OutFolderTests : IDisposable
{
    private static readonly Experiment Settings = new(Seed: 3);

    private readonly ScratchFolder _scratch = new();
    private readonly string _folder;

    public OutFolderTests() => _folder = _scratch.At("run");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void An_absent_or_empty_folder_begins_a_run()
    {
        Assert.False(OutFolder.Open(_folder, "calibrate", Settings, force: false).Resumed);
        Assert.True(File.Exists(Path.Combine(_folder, OutFolder.RecordName)));
        string empty = Directory.CreateDirectory(_scratch.At("empty")).FullName;
        Assert.False(OutFolder.Open(empty, "calibrate", Settings, force: false).Resumed);
    }

    [Fact]
    public void The_same_command_with_the_same_settings_resumes()
    {
        OutFolder.Open(_folder, "calibrate", Settings, force: false);
        string work = Path.Combine(_folder, "similarity.json");
        File.WriteAllText(work, "{}");
        Assert.True(OutFolder.Open(_folder, "calibrate", Settings.Complete(), force: false).Resumed);
        Assert.True(File.Exists(work));
    }

    [Fact]
    public void Another_command_or_other_settings_are_refused()
    {
        OutFolder.Open(_folder, "calibrate", Settings, force: false);
        Assert.Contains("other settings", Refused("calibrate", Settings with { Seed = 4 }), StringComparison.Ordinal);
        Assert.Contains("'calibrate'", Refused("evaluate", Settings), StringComparison.Ordinal);
    }

    [Fact]
    public void Forcing_starts_over_and_deletes_the_earlier_run()
    {
        OutFolder.Open(_folder, "calibrate", Settings, force: false);
        Directory.CreateDirectory(Path.Combine(_folder, "pruned"));
        File.WriteAllText(Path.Combine(_folder, "pruned", "x"), "");
        Assert.False(OutFolder.Open(_folder, "calibrate", Settings with { Seed = 4 }, force: true).Resumed);
        Assert.Equal([OutFolder.RecordName], Directory.EnumerateFileSystemEntries(_folder).Select(path => Path.GetFileName(path)!));
        Assert.True(OutFolder.Open(_folder, "calibrate", Settings with { Seed = 4 }, force: false).Resumed);
    }

    [Fact]
    public void Files_of_others_are_refused_and_never_deleted()
    {
        Directory.CreateDirectory(_folder);
        string thesis = Path.Combine(_folder, "thesis.txt");
        File.WriteAllText(thesis, "mine");
        Assert.Contains("--force", Refused("calibrate", Settings), StringComparison.Ordinal);
        Assert.False(OutFolder.Open(_folder, "calibrate", Settings, force: true).Resumed);
        Assert.Equal("mine", File.ReadAllText(thesis));
        Assert.Contains("is a file", Assert.Throws<InputException>(() => OutFolder.Open(thesis, "calibrate", Settings, force: true)).Message, StringComparison.Ordinal);
    }

    private string Refused(string command, Experiment settings) => Assert.Throws<InputException>(() => OutFolder.Open(_folder, command, settings, force: false)).Message;
}
