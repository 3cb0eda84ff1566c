using System.Text.Json.Nodes;

namespace Interlace.Data.Json;

/// <summary>
/// The form in which LLaVA's data is published, and Qwen-VL's and many others after it: <c>conversations</c>, a list of <c>from</c> and
/// <c>value</c>, and <c>image</c> or <c>images</c>, a path or a list of them.
/// </summary>
internal static class ConversationsRow
{
    /// <summary>Reads a row.</summary>
    /// <exception cref="FormatException">It is no such row.</exception>
    public static JsonRow Of(JsonObject row) => new([.. row["conversations"]!.AsArray().Select(Message)],
        JsonRow.Sources(row["image"] ?? row["images"]));

    private static Turn Message(JsonNode? message) => message is JsonObject said && said.ContainsKey("value")
        ? new(JsonRow.Role(said["from"]), JsonRow.Text(said["value"]))
        : throw new FormatException("has a message without 'from' and 'value'");
}
