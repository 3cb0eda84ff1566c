using Interlace.Artefacts;
using Interlace.Cli;
using Interlace.Experiments;
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
        using (var absent = Open("calibrate", Settings))
        {
            Assert.False(absent.Resumed);
            Assert.True(File.Exists(Path.Combine(_folder, RunFolder.Record)));
        }
        Assert.False(Directory.Exists(_folder));   // nothing was done in it
        string empty = Directory.CreateDirectory(_scratch.At("empty")).FullName;
        using (var there = OutFolder.Open(empty, "calibrate", Settings, force: false)) Assert.False(there.Resumed);
        Assert.True(Directory.Exists(empty));
    }

    [Fact]
    public void The_same_command_with_the_same_settings_resumes()
    {
        string work = Begun("similarity.json");
        using var again = Open("calibrate", Settings.Complete());
        Assert.True(again.Resumed);
        Assert.True(File.Exists(work));
    }

    [Fact]
    public void Another_command_or_other_settings_are_refused()
    {
        Begun("similarity.json");
        Assert.Contains("other settings", Refused("calibrate", Settings with { Seed = 4 }), StringComparison.Ordinal);
        Assert.Contains("'calibrate'", Refused("evaluate", Settings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_process_is_refused()
    {
        using var first = Open("calibrate", Settings);
        Assert.Contains("in use", Refused("calibrate", Settings), StringComparison.Ordinal);
        Assert.Contains("in use", Refused("calibrate", Settings, force: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Forcing_starts_over_says_what_it_deletes_and_spares_what_is_not_ours()
    {
        Begun("similarity.json");
        string[] ours = ["pruned/config.json", "pruned/interlace.json", "evaluated/dense/answers.json",
            "evaluated/dense/predictions/T.jsonl", "evidence/sleb.json", "figures/1.svg", "rounds/1/plan.json"];
        string[] mine = ["notes.txt", "mine/a", "evaluated/dense/notes.txt", "evaluated/pope/run.json", "evaluated/pope/answers.json",
            "tables/notes.txt"];
        foreach (string file in ours)
            File.WriteAllText(_scratch.At("run", file), file.EndsWith("interlace.json", StringComparison.Ordinal)
                ? "{\"format\": \"interlace-model/1\"}" : "{}");
        foreach (string file in mine) File.WriteAllText(_scratch.At("run", file), "mine");
        List<string> log = [];
        using (var folder = OutFolder.Open(_folder, "calibrate", Settings with { Seed = 4 }, force: true, log: log.Add))
            Assert.False(folder.Resumed);
        Assert.Equal(mine.Append(RunFolder.Record).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder, file))
                .Order(StringComparer.Ordinal));
        Assert.Equal($"--force: deleting the earlier run in {_folder}: similarity.json, evidence, figures, pruned, evaluated, rounds.",
            Assert.Single(log));
        using var again = Open("calibrate", Settings with { Seed = 4 });
        Assert.True(again.Resumed);
    }

    [Theory]
    [InlineData("pruned/thesis.txt")]
    [InlineData("tuned/inner/config.json")]
    public void A_folder_with_the_name_of_a_model_that_is_not_ours_stops_forcing_before_anything_is_deleted(string file)
    {
        string work = Begun("similarity.json"), mine = _scratch.At("run", file);
        File.WriteAllText(mine, "mine");
        Assert.Contains("did not make", Refused("calibrate", Settings, force: true), StringComparison.Ordinal);
        Assert.True(File.Exists(work) && File.Exists(mine));
    }

    [Fact]
    public void Files_of_others_are_refused_and_never_deleted()
    {
        Directory.CreateDirectory(_folder);
        string thesis = Path.Combine(_folder, "thesis.txt");
        File.WriteAllText(thesis, "mine");
        foreach (bool force in new[] { false, true })
            Assert.Contains("holds no run of Interlace", Refused("calibrate", Settings, force), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(thesis));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder));
        Assert.Contains("is a file", Assert.Throws<InputException>(() => OutFolder.Open(thesis, "calibrate", Settings, force: true)).Message, StringComparison.Ordinal);
    }

    private OutFolder Open(string command, Experiment settings) => OutFolder.Open(_folder, command, settings, force: false);

    /// <summary>A run that has left a file.</summary>
    private string Begun(string file)
    {
        using var folder = Open("calibrate", Settings);
        string work = Path.Combine(_folder, file);
        File.WriteAllText(work, "{}");
        return work;
    }

    private string Refused(string command, Experiment settings, bool force = false) =>
        Assert.Throws<InputException>(() => OutFolder.Open(_folder, command, settings, force)).Message;
}
