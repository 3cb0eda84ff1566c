using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Interlace.Artefacts;

/// <summary>A file of JSON lines that is open for adding; nobody else adds to it meanwhile.</summary>
/// <typeparam name="T">A line.</typeparam>
public sealed class JsonLinesWriter<T> : IDisposable where T : class
{
    private readonly FileStream _file;
    private readonly JsonTypeInfo<T> _type;

    internal JsonLinesWriter(FileStream file, IReadOnlyList<T> found, JsonTypeInfo<T> type) => (_file, Found, _type) = (file, found, type);

    /// <summary>The lines that were there when the file was opened.</summary>
    public IReadOnlyList<T> Found { get; }

    /// <summary>Adds a line.</summary>
    public void Add(T line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, _type), (byte)'\n']);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
