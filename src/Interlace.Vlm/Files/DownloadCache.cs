namespace Interlace.Vlm.Files;

/// <summary>
/// The folder in which Hugging Face's client keeps what it downloads: <c>snapshots/REVISION</c> holds the files of each revision, as links.
/// The folder itself is neither a model nor a set of data, though it looks like one:
/// taken as data it would be one set, and with two revisions every row would be there twice.
/// </summary>
public static class DownloadCache
{
    private const string Revisions = "snapshots";

    /// <summary>Refuses such a folder, or that of its revisions, with what to name in its place.</summary>
    /// <param name="folder">A folder that should hold a model, data or tables.</param>
    /// <exception cref="InputException">It is one.</exception>
    public static void Refuse(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string? root = IsRoot(full) ? full : Path.GetFileName(full) == Revisions && Path.GetDirectoryName(full) is { } parent
            && IsRoot(parent) ? parent : null;
        if (root is null) return;
        string[] found = [.. Directory.EnumerateDirectories(Path.Combine(root, Revisions)).Order(StringComparer.Ordinal)];
        string named = found.Length == 0 ? Path.Combine(root, Revisions, "REVISION") : string.Join(" or ", found.Take(3));
        throw new InputException($"{folder} is a download cache and keeps the revisions of what was downloaded side by side: "
            + $"name one of them, {named}.");
    }

    private static bool IsRoot(string folder)
    {
        bool Has(string part) => Directory.Exists(Path.Combine(folder, part));
        return Has(Revisions) && (Has("blobs") || Has("refs")
            || Path.GetFileName(folder).Split("--") is ["datasets" or "models" or "spaces", _, ..]);
    }
}
