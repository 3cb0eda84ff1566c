namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// A folder that appears whole or not at all: it is filled beside its place under another name, flushed to the disk, and renamed. Disposing it before
/// <see cref="Commit"/> deletes what was written; what a killed program left is deleted by the next attempt.
/// </summary>
public sealed class StagedFolder : IDisposable
{
    private readonly string _target;
    private readonly bool _overwrite;
    private bool _committed;

    private StagedFolder(string target, bool overwrite)
    {
        (_target, _overwrite) = (target, overwrite);
        FullPath = target + ".partial";
        Remove(FullPath);
        Directory.CreateDirectory(FullPath);
    }

    /// <summary>Where to write until the folder is committed.</summary>
    public string FullPath { get; }

    /// <summary>Begins a folder.</summary>
    /// <param name="target">Its place; a folder that stands there must be empty, unless it may be replaced.</param>
    /// <param name="bytesNeeded">What will be written, checked against the free space before anything is.</param>
    /// <param name="overwrite">Replace what stands there, at the commit.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">The place is taken, or the disk too full.</exception>
    public static StagedFolder Begin(string target, long bytesNeeded, bool overwrite = false, Func<string, long>? freeBytes = null)
    {
        target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (File.Exists(target)) throw new InputException($"{target} is a file: name a folder to write to.");
        if (!overwrite && Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new InputException($"{target} is not empty: name another folder, or force its replacement.");
        string parent = Path.GetDirectoryName(target) ?? throw new InputException($"{target} cannot be written to: it is the root of a disk.");
        FreeSpace.Check(parent, bytesNeeded, target, freeBytes);
        return new(target, overwrite);
    }

    /// <summary>Flushes every file to the disk and moves the folder to its place.</summary>
    public void Commit()
    {
        foreach (string file in Directory.EnumerateFiles(FullPath, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
        string replaced = _target + ".replaced";
        Remove(replaced);
        if (Directory.Exists(_target) && !_overwrite) Directory.Delete(_target);   // empty; fails, as it should, where something has come into it since
        else if (Directory.Exists(_target)) Directory.Move(_target, replaced);
        Directory.Move(FullPath, _target);
        _committed = true;
        Remove(replaced);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_committed) Remove(FullPath);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
