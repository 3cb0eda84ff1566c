using System.Text.Json.Nodes;

namespace Interlace.Vlm.Text;

/// <summary>
/// A call of a tool within an assistant's answer. <paramref name="Arguments"/> is a JSON object, or a string that is written as it is.
/// </summary>
public sealed record ToolCall(string Name, JsonNode Arguments);
