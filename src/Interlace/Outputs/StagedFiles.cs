using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Outputs;

/// <summary>
/// Files that appear whole or not at all beside others in a folder: each is written as <c>NAME.partial</c>, flushed to the disk,
/// and renamed. One process at a time works in the folder. Disposing them before <see cref="Commit"/> deletes what was written;
/// what a killed process left is written over by the next attempt.
/// </summary>
public sealed class StagedFiles : IDisposable
{
    private const string Ending = ".partial";

    private readonly string _folder;
    private readonly IReadOnlyList<string> _names;
    private readonly bool _made;
    private readonly FolderLock _lock;

    private StagedFiles(string folder, IReadOnlyList<string> names, bool made, FolderLock folderLock) =>
        (_folder, _names, _made, _lock) = (folder, names, made, folderLock);

    /// <summary>Begins files.</summary>
    /// <param name="folder">Their folder, which is made where it is not there.</param>
    /// <param name="names">Their names, in the order in which they appear.</param>
    /// <param name="bytesNeeded">What will be written, checked against the free space before anything is.</param>
    /// <param name="replaces">Whether a file that stands at a place may be replaced; none where absent.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">A place is taken, another process works in the folder, or the disk is too full.</exception>
    public static StagedFiles Begin(string folder, IReadOnlyList<string> names, long bytesNeeded, Predicate<string>? replaces = null,
        Func<string, long>? freeBytes = null)
    {
        string place = RealPath.Of(folder);
        if (File.Exists(place)) throw new InputException($"{folder} is a file: name a folder to write to.");
        foreach (string name in names) CheckPlace(Path.Combine(folder, name), replaces);
        FreeSpace.Check(place, bytesNeeded, folder, freeBytes);
        bool made = !Directory.Exists(place);
        return new(place, names, made, FolderLock.Take(place, folder));
    }

    /// <summary>Where to write a file until it is committed.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name + Ending);

    /// <summary>Flushes the files to the disk and gives them their names.</summary>
    public void Commit()
    {
        foreach (string name in _names) Durable.FlushFile(PathOf(name));
        foreach (string name in _names) File.Move(PathOf(name), Path.Combine(_folder, name), overwrite: true);
        Durable.FlushFolder(_folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string name in _names) File.Delete(PathOf(name));
        _lock.Dispose();
        if (_made) EmptyFolder.Delete(_folder);
    }

    private static void CheckPlace(string path, Predicate<string>? replaces)
    {
        if (Directory.Exists(path)) throw new InputException($"{path} is a folder: move it away, or name another folder.");
        if (!File.Exists(path) || replaces?.Invoke(path) == true) return;
        throw new InputException(replaces is null
            ? $"{path} is there already and is not what would be written: name another folder, or replace it with --force."
            : $"{path} is in the way, and Interlace did not make it: move it away, or name another folder.");
    }
}
