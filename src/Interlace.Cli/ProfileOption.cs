using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Spectre.Console;
using Profile = Interlace.Vlm.Engine.Profile;

namespace Interlace.Cli;

/// <summary><c>--profile FILE</c> of any command: where its time goes, as a trace and as a table on standard error.</summary>
internal sealed class ProfileOption : IDisposable
{
    private readonly Invocation _invocation;
    private readonly string _path;
    private readonly Profile _profile;

    private ProfileOption(Invocation invocation, string path) => (_invocation, _path, _profile) = (invocation, path, Profile.Begin());

    /// <summary>Begins to watch, where the command line says so.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static ProfileOption? Begin(Invocation invocation)
    {
        if (invocation.Get(CommonOptions.Profile) is not { } path) return null;
        if (Directory.Exists(path)) throw new InputException($"{path} is a folder: name a file for the profile.");
        if (File.Exists(path) && !(invocation.Force && ArtefactFormat.Of(path) == Profile.Format))
        {
            throw new InputException($"{path} exists: name another file for the profile"
                + (invocation.Force ? ", since this is none." : ", or replace one with --force."));
        }
        return new(invocation, path);
    }

    /// <summary>Ends, also where the command was interrupted or failed: writes the trace and draws the table.</summary>
    public void Dispose()
    {
        _profile.Dispose();
        using var trace = new MemoryStream();
        _profile.SaveTrace(trace);
        AtomicFile.Write(_path, trace.ToArray());
        if (_profile.LeftOut > 0)
            _invocation.Log($"{_path} holds the first events alone: {Layout.Count(_profile.LeftOut)} came after it was full.");
        var table = Layout.Table("part", "calls", "seconds", "of all", "own seconds");
        Add(table, _profile.Root, 0);
        _invocation.DrawOnError(console => console.Write(table));
    }

    private void Add(Table table, Profile.Node node, int depth)
    {
        table.AddRow(new string(' ', 2 * depth) + Markup.Escape(node.Name), Layout.Count(node.Calls), Layout.Number(node.Seconds, "0.000"),
            Layout.Percent(node.Seconds / _profile.Root.Seconds), Layout.Number(node.OwnSeconds, "0.000"));
        foreach (var part in node.Parts) Add(table, part, depth + 1);
    }
}
