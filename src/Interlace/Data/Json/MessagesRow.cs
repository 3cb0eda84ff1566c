using System.Text.Json.Nodes;

namespace Interlace.Data.Json;

/// <summary>
/// The form of OpenAI's chat: <c>messages</c>, a list of <c>role</c> and <c>content</c>, which is a text or a list of parts. A part that
/// is an image names it itself (<c>image_url</c>, <c>image</c>) or stands for the next one of a list <c>images</c> beside the messages,
/// as an <c>&lt;image&gt;</c> in a text does.
/// </summary>
internal static class MessagesRow
{
    private const string Place = Conversation.Placeholder + "\n";   // the line feed belongs to it

    /// <summary>Reads a row.</summary>
    /// <exception cref="FormatException">It is no such row.</exception>
    public static JsonRow Of(JsonObject row)
    {
        var listed = JsonRow.Sources(row["images"] ?? row["image"]);
        List<string> named = [];
        Turn[] turns = [.. row["messages"]!.AsArray().Select(message => Message(message, named))];
        if (named.Count > 0 && listed.Count > 0)
            throw new FormatException("names images both in its messages and beside them");
        return new(turns, named.Count > 0 ? named : listed);
    }

    private static Turn Message(JsonNode? node, List<string> named)
    {
        if (node is not JsonObject message || !message.ContainsKey("content"))
            throw new FormatException("has a message without 'role' and 'content'");
        string role = JsonRow.Role(message["role"]);
        return message["content"] is not JsonArray parts ? new(role, JsonRow.Text(message["content"]))
            : new(role, string.Concat(parts.Select(part => Part(part, named))));
    }

    private static string Part(JsonNode? node, List<string> named)
    {
        if (node is not JsonObject part) throw new FormatException("has a part of a message that is no object");
        string? type = JsonRow.Text(part["type"]);
        if (type == "text" && JsonRow.Text(part["text"]) is { } text)
            return text.Replace(Conversation.Placeholder, "", StringComparison.Ordinal);   // images are parts of their own
        if (type is not ("image_url" or "image"))
            throw new FormatException("has a part of a message that is neither text nor image");
        if (Source(part[type] ?? part["url"] ?? part["path"]) is { } source) named.Add(source);
        else if (type == "image_url") throw new FormatException("has an image without an address");
        return Place;
    }

    private static string? Source(JsonNode? node) => JsonRow.Text(node is JsonObject address ? address["url"] : node);
}
