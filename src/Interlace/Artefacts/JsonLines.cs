using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;

namespace Interlace.Artefacts;

/// <summary>
/// A kind of file of JSON lines: how a line is spelled and what the lines are. Names are in snake_case.
/// An interruption can cut off nothing but the last line, which then has no end of line: it is dropped.
/// Any other line that cannot be read is damage and is refused, because what stands behind it would be lost.
/// </summary>
/// <typeparam name="T">A line.</typeparam>
/// <param name="what">What the lines are, for messages, such as <c>answers</c>.</param>
/// <param name="ascii">Other characters are written as escapes; false leaves them as they are.</param>
/// <param name="mayBeCut">The last line may have been cut off; false for files that are written whole.</param>
internal sealed class JsonLines<T>(string what, bool ascii = false, bool mayBeCut = true) where T : class
{
    private readonly JsonTypeInfo<T> _type = (JsonTypeInfo<T>)new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = ascii ? null : JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    }.GetTypeInfo(typeof(T));

    /// <summary>The lines of a file, which is left as it is; none where it is absent.</summary>
    /// <exception cref="InputException">A line is damaged.</exception>
    public IReadOnlyList<T> Read(string path)
    {
        if (UserFile.KindOf(path) == PathKind.Missing) return [];
        UserFile.Check(path);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return Parse(file).Found;
    }

    /// <summary>Opens a file to add to, with what it holds; it is made where it is absent.</summary>
    /// <exception cref="InputException">A line is damaged.</exception>
    public JsonLinesWriter<T> Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var (found, kept) = Parse(file);
            file.SetLength(kept);
            file.Position = kept;
            if (kept > 0 && !EndsLine(file)) file.WriteByte((byte)'\n');   // whole but for its end
            return new(file, found, _type);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds a line to a file that nobody holds open.</summary>
    public void Append(string path, T line) => File.AppendAllText(path, ToText(line));

    /// <summary>Writes a file whole or not at all.</summary>
    public void Save(string path, IEnumerable<T> lines) =>
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(lines.Select(ToText))));

    /// <summary>A line by itself, as one process tells it another.</summary>
    public byte[] ToBytes(T line) => JsonSerializer.SerializeToUtf8Bytes(line, _type);

    /// <summary>What <see cref="ToBytes"/> wrote.</summary>
    public T Of(ReadOnlySpan<byte> bytes) => StrictJson.Parse(bytes, _type);

    private string ToText(T line) => JsonSerializer.Serialize(line, _type) + "\n";

    /// <summary>The lines, and how many bytes they take.</summary>
    private (List<T> Found, int Kept) Parse(FileStream file)
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
                found.Add(StrictJson.Parse(line, _type));
            }
            catch (JsonException) when (end < 0 && mayBeCut)
            {
                break;
            }
            catch (JsonException e)
            {
                throw new InputException($"Line {found.Count + 1} of {file.Name}, a file of {what}, is damaged: "
                    + $"{e.Message.TrimEnd('.')}; put the file back as it was, or delete it.", e);
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
