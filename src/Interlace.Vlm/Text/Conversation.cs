using System.Text.Json.Nodes;

namespace Interlace.Vlm.Text;

/// <summary>One piece of a message: text, or the place where an image stands.</summary>
public abstract record ContentPart;

/// <summary>Text of a message, as it is: the chat template neither trims nor adds to it.</summary>
public sealed record TextPart(string Text) : ContentPart;

/// <summary>
/// The place of an image. The i-th image part of a conversation shows the i-th of the images given beside it;
/// <paramref name="Source"/> says where it came from (a path), where that is known.
/// </summary>
public sealed record ImagePart(string? Source = null) : ContentPart;

/// <summary>The place of a video. Templates know it; processors refuse it.</summary>
public sealed record VideoPart : ContentPart;

/// <summary>
/// A call of a tool within an assistant's answer. <paramref name="Arguments"/> is a JSON object, or a string that is written as it is.
/// </summary>
public sealed record ToolCall(string Name, JsonNode Arguments);

/// <summary>One turn of a conversation. <paramref name="Role"/> is <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Content)
{
    /// <summary>The tools that an assistant's message calls, in order.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>A message of text alone.</summary>
    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) { }
}
