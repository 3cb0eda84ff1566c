using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Outputs;

/// <summary>
/// A folder that appears whole or not at all: it is filled in <c>TARGET.partial/new</c>, flushed to the disk, and renamed.
/// One process at a time does so. Disposing it before
/// <see cref="Commit"/> deletes what was written; what a killed process left is deleted by the next attempt,
/// and a folder that it was about to replace is put back.
/// </summary>
public sealed class StagedFolder : IDisposable
{
    private readonly string _target;
    private readonly string _work;
    private readonly Predicate<string>? _replaces;
    private readonly FolderLock _lock;

    private StagedFolder(string target, string work, Predicate<string>? replaces, FolderLock folderLock)
    {
        (_target, _work, _replaces, _lock) = (target, work, replaces, folderLock);
    }

    /// <summary>Where to write until the folder is committed.</summary>
    public string FullPath => Path.Combine(_work, "new");

    /// <summary>Where the folder that is replaced waits until the new one stands.</summary>
    private string Replaced => Path.Combine(_work, "old");

    /// <summary>Begins a folder.</summary>
    /// <param name="target">Its place; a link is followed. A folder that stands there must be empty, unless it may be replaced.</param>
    /// <param name="bytesNeeded">What will be written, checked against the free space before anything is.</param>
    /// <param name="replaces">Whether a folder that stands there may be replaced at the commit; none where absent.</param>
    /// <param name="freeBytes">Free space of the disk that holds a folder; the system's answer where absent.</param>
    /// <exception cref="InputException">The place is taken, a mount point, or in use by another process,
    /// or the disk is too full.</exception>
    public static StagedFolder Begin(string target, long bytesNeeded, Predicate<string>? replaces = null,
        Func<string, long>? freeBytes = null)
    {
        string place = RealPath.Of(target);
        try
        {
            CheckPlace(target, replaces);
        }
        catch (InputException)
        {
            DiscardLeft(target);   // a process that finished the folder may have been killed before it had cleared up
            throw;
        }
        string parent = Path.GetDirectoryName(place)
            ?? throw new InputException($"{target} cannot be written to: it is the root of a disk.");
        FreeSpace.Check(parent, bytesNeeded, target, freeBytes);
        string work = place + ".partial";
        var folderLock = FolderLock.Take(work, target);
        bool ours = folderLock.TakenOver
            || Directory.EnumerateFileSystemEntries(work).All(entry => Path.GetFileName(entry) == FolderLock.Name);
        if (!ours)
        {
            folderLock.Dispose();
            throw new InputException($"{work} is in the way, and Interlace did not make it: move it away, or name another folder.");
        }
        var folder = new StagedFolder(place, work, replaces, folderLock);
        try
        {
            folder.Clear();
            CheckPlace(target, replaces);   // the process that held the lock may have finished it
            Directory.CreateDirectory(folder.FullPath);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Checks whether a folder may appear at a place.</summary>
    /// <param name="target">The place.</param>
    /// <param name="replaces">Whether a folder that stands there may be replaced; none where absent.</param>
    /// <exception cref="InputException">It is taken, or a mount point.</exception>
    public static void CheckPlace(string target, Predicate<string>? replaces = null)
    {
        string place = RealPath.Of(target);
        if (File.Exists(place)) throw new InputException($"{target} is a file: name a folder to write to.");
        if (!Directory.Exists(place)) return;
        if (IsMountPoint(place))
            throw new InputException($"{target} is a mount point, where no folder can appear as a whole: name a folder in it.");
        if (!EmptyFolder.IsTaken(place)) return;
        if (replaces is null)
            throw new InputException($"{target} is not empty: name another folder, or replace a model that Interlace made with --force.");
        if (!replaces(place))
        {
            throw new InputException($"{target} holds what Interlace did not make, and is not replaced: "
                + "name another folder, or move it away.");
        }
    }

    /// <summary>Deletes what a killed process left beside a place; a folder that no process of ours made stays.</summary>
    /// <exception cref="InputException">Another process is at work there.</exception>
    public static void Discard(string target)
    {
        string work = RealPath.Of(target) + ".partial";
        if (File.Exists(Path.Combine(work, FolderLock.Name))) Begin(target, 0, _ => true).Dispose();
        else if (Directory.Exists(work)) EmptyFolder.Delete(work);
    }

    /// <summary>As <see cref="Discard"/>, for a result that stands:
    /// where another process is at work beside it, that one clears up.</summary>
    public static void DiscardLeft(string target)
    {
        try
        {
            Discard(target);
        }
        catch (InputException)
        {
            // In use.
        }
    }

    /// <summary>Flushes every file to the disk and moves the folder to its place.</summary>
    /// <exception cref="InputException">Something has come into the place since.</exception>
    public void Commit()
    {
        foreach (string file in Directory.EnumerateFiles(FullPath, "*", SearchOption.AllDirectories)) Durable.FlushFile(file);
        foreach (string inner in Directory.EnumerateDirectories(FullPath, "*", SearchOption.AllDirectories).Append(FullPath))
            Durable.FlushFolder(inner);
        CheckPlace(_target, _replaces);
        if (EmptyFolder.IsTaken(_target)) Directory.Move(_target, Replaced);
        else EmptyFolder.Delete(_target);
        Directory.Move(FullPath, _target);
        Durable.FlushFolder(Path.GetDirectoryName(_target)!);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _lock.Dispose();
        EmptyFolder.Delete(_work);
    }

    /// <summary>
    /// Deletes what was written. A folder that was about to be replaced goes back where the new one has not come to its place.
    /// </summary>
    private void Clear()
    {
        if (Directory.Exists(Replaced) && !Directory.Exists(_target)) Directory.Move(Replaced, _target);
        foreach (string folder in new[] { Replaced, FullPath })
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private static bool IsMountPoint(string folder) =>
        DriveInfo.GetDrives().Any(drive => Path.TrimEndingDirectorySeparator(drive.Name) == folder);
}
