using Interlace.Vlm.Files;

namespace Interlace.Vlm.Hub;

/// <summary>A file of a repository, as the hub lists it.</summary>
/// <param name="Path">Its path in the repository, folders separated by <c>/</c>; every part is a plain name.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="GitSha1">The hash of git's object, 40 hexadecimal digits: of the file, or of the pointer that stands for it.</param>
/// <param name="Sha256">The hash of a large file's content, 64 hexadecimal digits; null where git itself holds the file.</param>
public sealed record HubFile(string Path, long Size, string GitSha1, string? Sha256 = null)
{
    private const long LargestFile = 1L << 42;
    private const int DeepestFolder = 16;

    /// <summary>What the cache calls its content.</summary>
    public string Hash => Sha256 ?? GitSha1;

    /// <summary>Its name without folders.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>Refuses what becomes a path or a size here and could lead elsewhere.</summary>
    /// <param name="repository">For the message.</param>
    /// <exception cref="InputException">The path leaves its folder, the size is impossible, or a hash is none.</exception>
    internal HubFile Checked(HubRepository repository)
    {
        string[] parts = Path.Split('/');
        if (parts.Length > DeepestFolder) throw new InputException($"{repository.Written} lists a file below more than {DeepestFolder} "
            + $"folders.");
        foreach (string part in parts) PlainName.Check(part, $"{repository.Written} lists a file of which a part of the name");
        if (Size is < 0 or > LargestFile) throw new InputException($"{repository.Written} lists {Path} with an impossible size.");
        bool isHash = IsHex(GitSha1, 40) && (Sha256 is null || IsHex(Sha256, 64));
        return isHash ? this : throw new InputException($"{repository.Written} lists {Path} without a hash by which it could be checked.");
    }

    private static bool IsHex(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigitLower);
}
