using System.Text;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Hub;

/// <summary>
/// A repository's folder in Hugging Face's cache. <c>blobs/HASH</c> are contents, <c>refs/REVISION</c> the commits that revisions stood
/// for,
/// <c>snapshots/COMMIT/PATH</c> links to contents, and <c>.locks/REPOSITORY/HASH.lock</c> beside it are locks of contents under way.
/// </summary>
internal sealed class HubCache(HubSettings settings, HubRepository repository)
{
    private const int LongestReference = 256;

    /// <summary>The repository's folder.</summary>
    public string Folder { get; } = Path.Combine(settings.Cache, repository.CacheName);

    /// <summary>The folder of a commit.</summary>
    public string Snapshot(string commit) => Path.Combine(Folder, "snapshots", commit);

    /// <summary>The place of a content.</summary>
    public string Blob(HubFile file) => Path.Combine(Folder, "blobs", file.Hash);

    /// <summary>A content as far as it has come.</summary>
    public string Partial(HubFile file) => Blob(file) + ".incomplete";

    /// <summary>The lock of a content.</summary>
    public string LockOf(HubFile file) => Path.Combine(settings.Cache, ".locks", repository.CacheName, file.Hash + ".lock");

    /// <summary>Whether a content is there, by its size.</summary>
    public bool Has(HubFile file) => new FileInfo(Blob(file)) is { Exists: true } blob && blob.Length == file.Size;

    /// <summary>Bytes of a content that are still to come.</summary>
    public long Missing(HubFile file) => Has(file) ? 0
        : new FileInfo(Partial(file)) is { Exists: true } part && part.Length <= file.Size ? file.Size - part.Length : file.Size;

    /// <summary>The commit that the revision stood for when it was last asked for; null where it was not.</summary>
    public string? Commit()
    {
        if (repository.IsPinned) return repository.Revision;
        string path = Path.Combine([Folder, "refs", .. repository.Revision.Split('/')]);
        if (UserFile.KindOf(path) != PathKind.File) return null;
        string commit = Encoding.UTF8.GetString(UserFile.Read(path, LongestReference)).Trim();
        return HubRepository.IsCommit(commit) ? commit : null;
    }

    /// <summary>Keeps the commit of the revision.</summary>
    public void Keep(string commit)
    {
        if (repository.IsPinned) return;
        string path = Path.Combine([Folder, "refs", .. repository.Revision.Split('/')]);
        if (Commit() == commit) return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, commit);   // a torn one is no commit, and asked for again
    }

    /// <summary>Puts a file that has come into the folder of its commit: a link to its content, or a copy where links are not
    /// allowed.</summary>
    public void Link(string commit, HubFile file)
    {
        string[] parts = file.Path.Split('/');
        string place = Path.Combine([Snapshot(commit), .. parts]);
        string target = Path.Combine([.. Enumerable.Repeat("..", parts.Length + 1), "blobs", file.Hash]);
        if (new FileInfo(place).LinkTarget == target) return;
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        if (new FileInfo(place) is { LinkTarget: not null } or { Exists: true }) File.Delete(place);
        try
        {
            File.CreateSymbolicLink(place, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (new FileInfo(place).LinkTarget == target) return;   // another process was faster
            if (!OperatingSystem.IsWindows()) throw;
            File.Copy(Blob(file), place, overwrite: true);
        }
    }
}
