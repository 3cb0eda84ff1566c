using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Text;

/// <summary>
/// A conversation in a JSON file: <c>{"messages": [{"role": "user", "content": [{"type": "image", "image": "cup.png"}, {"type": "text",
/// "text": "What is it?"}]}]}</c>. The content may be a string; the paths of images are relative to the file.
/// </summary>
public static class MessagesFile
{
    /// <summary>Reads a file; the <see cref="ImagePart.Source"/> of its images are paths that can be opened.</summary>
    /// <exception cref="InputException">The file is absent or holds no conversation.</exception>
    public static IReadOnlyList<ChatMessage> Load(string path)
    {
        if (!File.Exists(path)) throw new InputException($"There is no file {path} with messages.");
        JsonNode? root = StrictJson.Read(path);
        JsonArray messages = root as JsonArray ?? (root as JsonObject)?["messages"] as JsonArray
            ?? throw new InputException($"{path} has no array 'messages'.");
        if (messages.Count == 0) throw new InputException($"{path} holds no message.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return [.. messages.Select((message, i) => Message(message, folder, $"{path}: message {i + 1}"))];
    }

    private static ChatMessage Message(JsonNode? message, string folder, string place)
    {
        string role = Text((message as JsonObject)?["role"]) ?? throw new InputException($"{place} has no role.");
        return message!["content"] switch
        {
            JsonArray parts => new(role, [.. parts.Select((part, i) => Part(part as JsonObject, folder, $"{place}, part {i + 1}"))]),
            var content when Text(content) is { } text => new(role, text),
            _ => throw new InputException($"{place} has no content: a text or an array of parts is expected."),
        };
    }

    private static ContentPart Part(JsonObject? part, string folder, string place) => Text(part?["type"]) switch
    {
        "text" => new TextPart(Text(part!["text"]) ?? throw new InputException($"{place} is of type text and has none.")),
        "image" when Text(part!["image"]) is { } file => new ImagePart(Path.Combine(folder, file)),
        "image" => throw new InputException($"{place} is of type image and names none."),
        "video" => new VideoPart(),
        var type => throw new InputException($"{place} is of type '{type}', expected text or image."),
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
