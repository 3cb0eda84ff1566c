using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Cli;

/// <summary>
/// The folder that a command writes to. An empty or absent one begins a run; one that holds a run of the same command with the same settings is resumed;
/// any other is refused, unless starting over is forced. What it holds is known by the file <c>run.json</c>. A run that ends before it has written anything leaves no trace.
/// </summary>
internal sealed class OutFolder : IDisposable
{
    /// <summary>The file that says what a folder holds.</summary>
    public const string RecordName = "run.json";

    private const string Format = "interlace-run/1";

    private readonly bool _made;

    private OutFolder(string path, bool resumed, bool made)
    {
        (Path, Resumed, _made) = (path, resumed, made);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>It holds an earlier, perhaps unfinished run of the same command with the same settings.</summary>
    public bool Resumed { get; }

    /// <summary>Opens or begins a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="command">Name of the command.</param>
    /// <param name="experiment">All settings.</param>
    /// <param name="force">Start over: an earlier run in it is deleted; files that no run wrote are left alone, and overwritten where they are in the way.</param>
    /// <exception cref="InputException">The folder holds something else.</exception>
    public static OutFolder Open(string path, string command, Experiment experiment, bool force)
    {
        if (File.Exists(path)) throw new InputException($"{path} is a file: name a folder to write to.");
        string hash = ExperimentFile.SettingsHash(experiment);
        bool stood = Directory.Exists(path);
        if (stood && Directory.EnumerateFileSystemEntries(path).Any())
        {
            var (heldCommand, heldHash) = Held(path);
            if (!force)
            {
                if (heldCommand is null) throw new InputException($"{path} is not empty and holds no run: name another folder, or write into it with --force.");
                if (heldCommand != command) throw new InputException($"{path} holds a run of '{heldCommand}', not of '{command}': name another folder, or start over with --force.");
                if (heldHash != hash) throw new InputException($"{path} holds a run with other settings: repeat the command with those to go on, name another folder, or start over with --force.");
                return new(path, resumed: true, made: false);
            }
            if (heldCommand is not null) Clear(path);
        }
        Directory.CreateDirectory(path);
        Record(path, command, experiment, hash);
        return new(path, resumed: false, made: !stood);
    }

    /// <summary>True where <see cref="Open"/> would take up a run that stands in the folder.</summary>
    public static bool Holds(string path, string command, Experiment experiment) => Held(path) == (command, ExperimentFile.SettingsHash(experiment));

    /// <summary>Takes the record away where nothing else has come into the folder: the next attempt may have other settings.</summary>
    public void Dispose()
    {
        if (!Directory.Exists(Path) || Directory.EnumerateFileSystemEntries(Path).Any(entry => System.IO.Path.GetFileName(entry) != RecordName)) return;
        File.Delete(System.IO.Path.Combine(Path, RecordName));
        if (_made) Directory.Delete(Path);
    }

    private static (string? Command, string? Hash) Held(string folder)
    {
        string path = System.IO.Path.Combine(folder, RecordName);
        if (!File.Exists(path)) return (null, null);
        try
        {
            var record = StrictJson.Read(path) as JsonObject;
            return record?["format"]?.GetValue<string>() == Format ? (record["command"]?.GetValue<string>(), record["settings_sha256"]?.GetValue<string>()) : (null, null);
        }
        catch (InvalidOperationException)
        {
            return (null, null);   // no record of ours
        }
    }

    private static void Clear(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder)) File.Delete(file);
        foreach (string inner in Directory.EnumerateDirectories(folder)) Directory.Delete(inner, recursive: true);
    }

    private static void Record(string folder, string command, Experiment experiment, string hash)
    {
        var record = new JsonObject
        {
            ["format"] = Format,
            ["created_by"] = ProgramVersion.CreatedBy,
            ["command"] = command,
            ["settings_sha256"] = hash,
            ["settings"] = StrictJson.Parse(ExperimentFile.ToJson(experiment)),
        };
        string json = record.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
        AtomicFile.Write(System.IO.Path.Combine(folder, RecordName), Encoding.UTF8.GetBytes(json));
    }
}
