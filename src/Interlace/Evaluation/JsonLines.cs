using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation;

/// <summary>A file of JSON lines that are only ever added. A line that an interruption cut off is dropped when the file is taken up again.</summary>
/// <typeparam name="T">A line.</typeparam>
public sealed class JsonLines<T> : IDisposable where T : class
{
    private readonly FileStream _file;
    private readonly JsonTypeInfo<T> _type;

    private JsonLines(FileStream file, IReadOnlyList<T> found, JsonTypeInfo<T> type) => (_file, Found, _type) = (file, found, type);

    /// <summary>The lines that were there when the file was opened.</summary>
    public IReadOnlyList<T> Found { get; }

    /// <summary>Opens a file to add to, with what it holds.</summary>
    /// <param name="path">The file; it is made where it is absent.</param>
    /// <param name="type">How a line is spelled.</param>
    internal static JsonLines<T> Open(string path, JsonTypeInfo<T> type)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var (found, kept) = Whole(bytes, type);
        file.SetLength(kept);
        file.Position = kept;
        return new(file, found, type);
    }

    /// <summary>The whole lines of a file, which is left as it is; none where it is absent.</summary>
    internal static IReadOnlyList<T> Read(string path, JsonTypeInfo<T> type) => File.Exists(path) ? Whole(File.ReadAllBytes(path), type).Found : [];

    /// <summary>Adds a line.</summary>
    public void Add(T line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, _type), (byte)'\n']);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static (List<T> Found, int Kept) Whole(byte[] bytes, JsonTypeInfo<T> type)
    {
        List<T> found = [];
        int kept = 0;
        for (int end; (end = Array.IndexOf(bytes, (byte)'\n', kept)) >= 0; kept = end + 1)
        {
            try { found.Add(StrictJson.Parse(bytes.AsSpan(kept, end - kept), type)); }
            catch (JsonException) { break; }
        }
        return (found, kept);
    }
}
