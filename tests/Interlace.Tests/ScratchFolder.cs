namespace Interlace.Tests;

/// <summary>A folder of one test, deleted with everything in it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("interlace-test-");

    /// <summary>A path in the folder; nothing is made there.</summary>
    public string At(params string[] parts) => Path.Combine([_folder.FullName, .. parts]);

    /// <summary>A writable copy of the files that lie directly in a folder.</summary>
    public string Copy(string source, string name)
    {
        Directory.CreateDirectory(At(name));
        foreach (string file in Directory.EnumerateFiles(source)) File.WriteAllBytes(At(name, Path.GetFileName(file)), File.ReadAllBytes(file));
        return At(name);
    }

    /// <summary>Names of the files and folders directly in the folder, sorted.</summary>
    public string[] Entries() => [.. _folder.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Delete(recursive: true);
}
