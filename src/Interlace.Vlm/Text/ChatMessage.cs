namespace Interlace.Vlm.Text;

/// <summary>One turn of a conversation. <paramref name="Role"/> is <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Content)
{
    /// <summary>The tools that an assistant's message calls, in order.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>A message of text alone.</summary>
    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) { }
}
