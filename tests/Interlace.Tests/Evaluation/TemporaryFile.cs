using System.Text;

namespace Interlace.Tests.Evaluation;

/// <summary>A file of its own folder that is deleted again.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("interlace-");

    public TemporaryFile(string text, string name = "table.tsv") : this(new UTF8Encoding(false).GetBytes(text), name) { }

    public TemporaryFile(byte[] content, string name = "table.tsv")
    {
        Path = System.IO.Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(Path, content);
    }

    public string Path { get; }

    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
