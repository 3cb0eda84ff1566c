using Interlace.Vlm;

namespace Interlace.Outputs;

/// <summary>
/// The folder in which a long stage keeps its state until it is done. It holds files of known names alone,
/// and one process at a time works in it: whatever else lies there is
/// somebody else's and is neither used nor deleted.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly IReadOnlyList<string> _names;
    private readonly FolderLock _lock;

    private WorkFolder(string path, IReadOnlyList<string> names, FolderLock folderLock)
    {
        (Path, _names, _lock) = (path, names, folderLock);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Opens a folder, which is made where it is not there.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="names">The files that may lie in it; each may have a <c>.partial</c> beside it.</param>
    /// <param name="target">What the stage makes, for messages.</param>
    /// <exception cref="InputException">Something else lies in it, or another process works in it.</exception>
    public static WorkFolder Open(string path, IReadOnlyList<string> names, string target)
    {
        if (File.Exists(path))
            throw new InputException($"{path} is a file, and {target} needs a folder there: move it away, or name another target.");
        if (Directory.Exists(path)
            && Directory.EnumerateFileSystemEntries(path).FirstOrDefault(entry => !IsKnown(entry, names)) is { } stranger)
        {
            throw new InputException($"{stranger} lies where the work on {target} is kept, and Interlace did not make it: "
                + "move it away, or name another target.");
        }
        return new(path, names, FolderLock.Take(path, target));
    }

    /// <summary>Deletes the folder of a stage that is done: one that was killed between the two leaves it.</summary>
    /// <exception cref="InputException">Another process works in it.</exception>
    public static void Discard(string path, IReadOnlyList<string> names, string target)
    {
        if (!Directory.Exists(path)) return;
        using var work = Open(path, names, target);
        work.Clear();
    }

    /// <summary>Deletes the files.</summary>
    public void Clear()
    {
        foreach (string file in Directory.EnumerateFiles(Path)
            .Where(file => System.IO.Path.GetFileName(file) != FolderLock.Name && IsKnown(file, _names))) File.Delete(file);
    }

    /// <summary>Gives the folder to the next process, and deletes it where nothing is left in it.</summary>
    public void Dispose()
    {
        _lock.Dispose();
        EmptyFolder.Delete(Path);
    }

    private static bool IsKnown(string entry, IReadOnlyList<string> names) =>
        File.Exists(entry) && System.IO.Path.GetFileName(entry) is var name
            && (name == FolderLock.Name || names.Any(known => name == known || name == known + ".partial"));
}
