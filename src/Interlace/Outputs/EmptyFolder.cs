namespace Interlace.Outputs;

/// <summary>Folders in which nothing lies: they stand in nobody's way, and are taken away where their work is done.</summary>
public static class EmptyFolder
{
    /// <summary>True where a folder stands and something lies in it.</summary>
    public static bool IsTaken(string path) => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any();

    /// <summary>
    /// Deletes a folder where nothing lies in it; one that is not there is no fault, nor one that
    /// another process fills or deletes just then.
    /// </summary>
    public static void Delete(string path)
    {
        try
        {
            if (Directory.Exists(path) && !IsTaken(path)) Directory.Delete(path);
        }
        catch (IOException)
        {
            // It was filled, or deleted, between the look and the deletion: it is no empty folder any more, or none at all.
        }
    }
}
