namespace Interlace.Tests;

/// <summary>A folder of one test, deleted with everything in it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("interlace-test-");

    public string Path => _folder.FullName;

    /// <summary>A path in the folder, whose own folder is made.</summary>
    public string At(params string[] parts)
    {
        string path = System.IO.Path.Combine([_folder.FullName, .. parts]);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return path;
    }

    /// <summary>A writable copy of the files that lie directly in a folder.</summary>
    public string Copy(string source, string name)
    {
        Directory.CreateDirectory(At(name));
        foreach (string file in Directory.EnumerateFiles(source))
            File.WriteAllBytes(At(name, System.IO.Path.GetFileName(file)), File.ReadAllBytes(file));
        return At(name);
    }

    /// <summary>Names of the files and folders directly in the folder, sorted.</summary>
    public string[] Entries() => [.. _folder.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Delete(recursive: true);
}
