using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Experiments;
using Interlace.Outputs;
using Interlace.Runs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Cli;

/// <summary>
/// The folder that a command writes to, held by one process. An empty or absent one begins a run;
/// one that holds a run of the same command with the same settings is resumed;
/// any other is refused, unless starting over is forced. What it holds is known by the file <c>run.json</c>.
/// A run that ends before it has written anything leaves no trace.
/// </summary>
internal sealed class OutFolder : IDisposable
{
    private const string Format = "interlace-run/1";

    private readonly bool _made;
    private readonly FolderLock _lock;

    private OutFolder(string path, bool resumed, bool made, FolderLock folderLock)
    {
        (Path, Resumed, _made, _lock) = (path, resumed, made, folderLock);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>It holds an earlier, perhaps unfinished run of the same command with the same settings.</summary>
    public bool Resumed { get; }

    /// <summary>Opens or begins a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="command">Name of the command.</param>
    /// <param name="experiment">All settings.</param>
    /// <param name="force">Start over: what an earlier run made in it is deleted (<see cref="MadeInRun"/>), and nothing else.</param>
    /// <param name="inputs">Everything that the command reads beside what the settings name; those that are null are none.</param>
    /// <param name="log">Gets a line about what is deleted, before it is.</param>
    /// <exception cref="InputException">The folder holds something else, is or holds an input, or another process works in it.</exception>
    public static OutFolder Open(string path, string command, Experiment experiment, bool force, IEnumerable<string?>? inputs = null,
        Action<string>? log = null)
    {
        if (File.Exists(path)) throw new InputException($"{path} is a file: name a folder to write to.");
        OutputPlace.Check(path, [.. experiment.InputPaths(), .. inputs ?? []]);
        bool stood = Directory.Exists(path);
        // Looked at twice: first so that a folder of somebody else's gets no file of ours, then with the lock in hand.
        Held(path, command, experiment, force);
        var folderLock = FolderLock.Take(path);
        try
        {
            bool resumed = Held(path, command, experiment, force) && !force;
            if (!resumed) Begin(path, command, experiment, log);
            return new(path, resumed, !stood, folderLock);
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>True where <see cref="Open"/> would resume a run that stands in the folder.</summary>
    public static bool Holds(string path, string command, Experiment experiment) =>
        RecordIn(path) == (command, ExperimentFile.SettingsHash(experiment));

    /// <summary>The settings with which a folder was made.</summary>
    /// <exception cref="InputException">It has no record of Interlace.</exception>
    public static Experiment SettingsIn(string folder)
    {
        string path = System.IO.Path.Combine(folder, RunFolder.Record);
        if (RecordIn(folder).Command is null || (StrictJson.Read(path) as JsonObject)?["settings"] is not { } settings)
        {
            throw new InputException($"{folder} has no {RunFolder.Record} that says with which model and data it was made: "
                + "measure with the command that made it.");
        }
        return ExperimentFile.Parse(settings.ToJsonString(), path);
    }

    /// <summary>Takes the record away where nothing else has come into the folder: the next attempt may have other settings.</summary>
    public void Dispose()
    {
        string record = System.IO.Path.Combine(Path, RunFolder.Record);
        if (Others(Path).All(entry => entry == record)) File.Delete(record);
        _lock.Dispose();
        if (_made) EmptyFolder.Delete(Path);
    }

    /// <summary>Whether a run stands in a folder that this command may go on with or start over.</summary>
    private static bool Held(string path, string command, Experiment experiment, bool force)
    {
        if (!Others(path).Any()) return false;
        var (heldCommand, heldHash) = RecordIn(path);
        if (heldCommand is null) throw new InputException($"{path} is not empty and holds no run of Interlace: name another folder.");
        if (force) return true;
        if (heldCommand != command)
        {
            throw new InputException($"{path} holds a run of '{heldCommand}', not of '{command}': "
                + "name another folder, or start over with --force.");
        }
        if (heldHash != ExperimentFile.SettingsHash(experiment))
        {
            throw new InputException($"{path} holds a run with other settings: "
                + "repeat the command with those to go on, name another folder, or start over with --force.");
        }
        return true;
    }

    /// <summary>The record is exchanged last: until then a clearing that was killed is one that <c>--force</c> repeats.</summary>
    private static void Begin(string path, string command, Experiment experiment, Action<string>? log)
    {
        string[] made = [.. MadeInRun.In(path)
            .Select(entry => System.IO.Path.GetRelativePath(path, entry).Split(System.IO.Path.DirectorySeparatorChar)[0]).Distinct()];
        if (made.Length > 0) log?.Invoke($"--force: deleting the earlier run in {path}: {string.Join(", ", made)}.");
        MadeInRun.Delete(path);
        Record(path, command, experiment);
    }

    /// <summary>What lies in a folder beside the lock.</summary>
    private static IEnumerable<string> Others(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder)
            .Where(entry => System.IO.Path.GetFileName(entry) != FolderLock.Name) : [];

    private static (string? Command, string? Hash) RecordIn(string folder)
    {
        string path = System.IO.Path.Combine(folder, RunFolder.Record);
        if (!File.Exists(path)) return (null, null);
        try
        {
            var record = StrictJson.Read(path) as JsonObject;
            return record?["format"]?.GetValue<string>() == Format
                ? (record["command"]?.GetValue<string>(), record["settings_sha256"]?.GetValue<string>())
                : (null, null);
        }
        catch (InvalidOperationException)
        {
            return (null, null);   // no record of ours
        }
    }

    private static void Record(string folder, string command, Experiment experiment)
    {
        var record = new JsonObject
        {
            ["format"] = Format,
            ["created_by"] = ProgramVersion.CreatedBy,
            ["command"] = command,
            ["settings_sha256"] = ExperimentFile.SettingsHash(experiment),
            ["settings"] = StrictJson.Parse(ExperimentFile.ToJson(experiment)),
        };
        string json = record.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
        AtomicFile.Write(System.IO.Path.Combine(folder, RunFolder.Record), Encoding.UTF8.GetBytes(json));
    }
}
