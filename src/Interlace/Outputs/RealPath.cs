using Interlace.Vlm;

namespace Interlace.Outputs;

/// <summary>Where a path truly leads: one place has one real path, however it is spelled.</summary>
public static class RealPath
{
    // As many as the kernel follows.
    private const int MostLinks = 40;

    /// <summary>
    /// The absolute path without links, <c>.</c>, <c>..</c> and trailing separators. What is not there yet is taken as it is spelled.
    /// </summary>
    /// <exception cref="InputException">Its links lead round in a circle, or it has a character that no path has.</exception>
    public static string Of(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal)) throw new InputException($"{path} is no path: it has a character of code 0.");
        // Not Path.GetFullPath: behind a link, ".." is the parent of what the link leads to.
        string full = Path.IsPathRooted(path) ? path : Path.Combine(Environment.CurrentDirectory, path);
        string root = Path.GetPathRoot(full)!, real = root;
        var left = new Stack<string>();
        Push(left, full[root.Length..]);
        int links = 0;
        while (left.TryPop(out string? name))
        {
            if (name is "" or ".") continue;
            if (name == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }
            string next = Path.Combine(real, name);
            if (LinkTarget(next) is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) throw new InputException($"{path} has links that lead round in a circle: name another path.");
            if (Path.IsPathRooted(target)) real = Path.GetPathRoot(target)!;
            Push(left, target[(Path.IsPathRooted(target) ? Path.GetPathRoot(target)!.Length : 0)..]);
        }
        return real;
    }

    /// <summary>True where a real path is a folder's or lies in that folder.</summary>
    public static bool IsWithin(string path, string folder) =>
        string.Equals(path, folder, Comparison)
            || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, Comparison);

    private static StringComparison Comparison => OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    private static string? LinkTarget(string path) =>
        Directory.Exists(path) ? new DirectoryInfo(path).LinkTarget : new FileInfo(path).LinkTarget;

    private static void Push(Stack<string> left, string path)
    {
        string[] names = path.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        for (int i = names.Length - 1; i >= 0; i--) left.Push(names[i]);
    }
}
