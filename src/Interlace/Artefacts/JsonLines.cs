using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Artefacts;

/// <summary>
/// A file of JSON lines that are only ever added. An interruption can cut off nothing but the last line, which then has no end of line:
/// it is dropped. Any other line that cannot be read is damage and is refused,
/// because what stands behind it would be lost.
/// </summary>
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
    /// <param name="what">What the lines are, for messages, such as <c>answers</c>.</param>
    /// <exception cref="InputException">A line is damaged.</exception>
    internal static JsonLines<T> Open(string path, JsonTypeInfo<T> type, string what)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var (found, kept) = Parse(file, type, what, mayBeCut: true);
            file.SetLength(kept);
            file.Position = kept;
            if (kept > 0 && !EndsLine(file)) file.WriteByte((byte)'\n');   // whole but for its end
            return new(file, found, type);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The lines of a file, which is left as it is; none where it is absent.</summary>
    /// <param name="path">The file.</param>
    /// <param name="type">How a line is spelled.</param>
    /// <param name="what">What the lines are, for messages.</param>
    /// <param name="mayBeCut">The last line may have been cut off; false for a file that was written whole.</param>
    /// <exception cref="InputException">A line is damaged.</exception>
    internal static IReadOnlyList<T> Read(string path, JsonTypeInfo<T> type, string what, bool mayBeCut = true)
    {
        if (UserFile.KindOf(path) == PathKind.Missing) return [];
        UserFile.Check(path);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Parse(file, type, what, mayBeCut).Found;
    }

    /// <summary>Adds a line.</summary>
    public void Add(T line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, _type), (byte)'\n']);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The lines, and how many bytes they take.</summary>
    private static (List<T> Found, int Kept) Parse(FileStream file, JsonTypeInfo<T> type, string what, bool mayBeCut)
    {
        if (file.Length > Array.MaxLength) throw new InputException($"{file.Name} has {file.Length} bytes, too many for a file of {what}.");
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        List<T> found = [];
        int kept = 0;
        while (kept < bytes.Length)
        {
            int end = Array.IndexOf(bytes, (byte)'\n', kept);
            var line = bytes.AsSpan(kept, (end < 0 ? bytes.Length : end) - kept);
            try
            {
                found.Add(StrictJson.Parse(line, type));
            }
            catch (JsonException) when (end < 0 && mayBeCut)
            {
                break;
            }
            catch (JsonException e)
            {
                throw new InputException($"Line {found.Count + 1} of {file.Name}, a file of {what}, is damaged: {e.Message.TrimEnd('.')}; put the file back as it was, or delete it.", e);
            }
            kept = end < 0 ? bytes.Length : end + 1;
        }
        return (found, kept);
    }

    private static bool EndsLine(FileStream file)
    {
        file.Position--;
        return file.ReadByte() == '\n';   // and stands behind it again
    }
}
