namespace Interlace.Outputs;

/// <summary>Folders in which nothing lies: they stand in nobody's way, and are taken away where their work is done.</summary>
public static class EmptyFolder
{
    /// <summary>True where a folder stands and something lies in it.</summary>
    public static bool IsTaken(string path) => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any();

    /// <summary>Deletes a folder where nothing lies in it; one that is not there is no fault.</summary>
    public static void Delete(string path)
    {
        if (Directory.Exists(path) && !IsTaken(path)) Directory.Delete(path);
    }
}
