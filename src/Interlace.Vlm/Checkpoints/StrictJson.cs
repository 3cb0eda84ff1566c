using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// The one place where the text of a file becomes JSON values. A key that stands twice in an object is refused,
/// because programs disagree which of the two counts;
/// so are texts that are no Unicode (half a surrogate pair, broken UTF-8), and values nested deeper than 64. All of it is found at once:
/// what was read can be used without a further fault of its text.
/// </summary>
public static class StrictJson
{
    private const int LargestFile = 64 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The value that a file holds; null where that is JSON's null.</summary>
    /// <exception cref="InputException">The file is absent, larger than 64 MiB, or no such JSON.</exception>
    public static JsonNode? Read(string path)
    {
        try
        {
            return Parse(Bytes(path));
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} is no valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The object that a file holds.</summary>
    /// <exception cref="InputException">The file is absent, larger than 64 MiB, or holds something else.</exception>
    public static JsonObject ReadObject(string path) =>
        Read(path) as JsonObject ?? throw new InputException($"{path} holds no JSON object.");

    /// <summary>The bytes of a JSON file, without the mark that some editors put before them.</summary>
    /// <exception cref="InputException">The file is absent, no regular file, or larger than 64 MiB.</exception>
    public static byte[] Bytes(string path)
    {
        byte[] bytes = UserFile.Read(path, LargestFile);
        return bytes.AsSpan().StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
    }

    /// <summary>The value of a text; null where that is JSON's null.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        Check(json);
        return JsonNode.Parse(json);
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static JsonNode? Parse(string json) => Parse(Utf8Bytes(json));

    /// <summary>The text as a document, to be disposed.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static JsonDocument Document(byte[] json)
    {
        Check(json);
        return JsonDocument.Parse(json);
    }

    /// <summary>The text as a value of a type; JSON's null is none.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        Check(json);
        return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("it is null");
    }

    /// <inheritdoc cref="Parse{T}(ReadOnlySpan{byte}, JsonTypeInfo{T})"/>
    public static T Parse<T>(string json, JsonTypeInfo<T> type) where T : class => Parse(Utf8Bytes(json), type);

    /// <summary>Reads every token once.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static void Check(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var names = new Stack<HashSet<string>>();
        var path = new List<string>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    names.Push(new(StringComparer.Ordinal));
                    path.Add("");
                    break;
                case JsonTokenType.EndObject:
                    names.Pop();
                    path.RemoveAt(path.Count - 1);
                    break;
                case JsonTokenType.PropertyName:
                    path[^1] = Text(ref reader);
                    if (!names.Peek().Add(path[^1])) throw new JsonException($"the key '{string.Join('.', path)}' stands in it twice.");
                    break;
                case JsonTokenType.String:
                    // Only what is written with escapes can be half a pair; the rest need not become a string to be checked.
                    if (reader.ValueIsEscaped || !Utf8.IsValid(reader.ValueSpan)) Text(ref reader);
                    break;
            }
        }
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new JsonException($"a text at byte {reader.TokenStartIndex} is no Unicode text.");
        }
    }

    // Replacing what is no Unicode, as the usual encoding does, would hide it.
    private static byte[] Utf8Bytes(string json)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(json);
        }
        catch (EncoderFallbackException)
        {
            throw new JsonException("it holds characters that are no Unicode text.");
        }
    }
}
