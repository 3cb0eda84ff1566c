using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

/// <summary>Conversations of the golden files, whose content is a text or a list of parts that name their kind by a type or by a key.</summary>
internal static class GoldenConversation
{
    public static ChatMessage[] Read(JsonNode messages) => [.. messages.AsArray().Select(message => Message(message!))];

    private static ChatMessage Message(JsonNode message)
    {
        string role = (string)message["role"]!;
        return message["content"]!.GetValueKind() == JsonValueKind.String ? new(role, (string)message["content"]!) : new(role, [.. message["content"]!.AsArray().Select(part => Part(part!))]);
    }

    private static ContentPart Part(JsonNode part)
    {
        string type = (string?)part["type"] ?? "";
        if (type == "image" || part["image"] is not null || part["image_url"] is not null) return new ImagePart((string?)part["image"]);
        return type == "video" || part["video"] is not null ? new VideoPart() : new TextPart((string)part["text"]!);
    }
}
