namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Files as they were when they were opened: size and time of the last change. Weights are used where they lie in a mapped file,
/// so whoever overwrites the file changes what is computed;
/// a comparison costs microseconds and is made after every batch. A file that is cut short in between ends the process before anything can
/// be compared.
/// </summary>
public sealed class FileStamps
{
    private readonly (string Path, (long Bytes, DateTime Written)? Stamp)[] _files;

    private FileStamps((string, (long, DateTime)?)[] files) => _files = files;

    /// <summary>The files as they are now.</summary>
    /// <param name="paths">Files that are there.</param>
    public static FileStamps Of(IEnumerable<string> paths) => new([.. paths.Select(path => (path, Stamp(path)))]);

    /// <summary>Compares with what lies there now.</summary>
    /// <exception cref="InputException">A file has changed, or is gone.</exception>
    public void Check()
    {
        foreach (var (path, stamp) in _files)
            if (Stamp(path) != stamp)
            {
                throw new InputException($"{path} changed while it was used: nothing that was computed since is kept; "
                    + "put the file back and repeat the command.");
            }
    }

    private static (long Bytes, DateTime Written)? Stamp(string path)
    {
        try
        {
            // Opened, not looked up: a download cache keeps links, which have a length and a time of their own.
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return (RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;   // gone, or a link to nothing
        }
    }
}
