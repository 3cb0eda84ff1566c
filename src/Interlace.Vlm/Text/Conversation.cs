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

/// <summary>One turn of a conversation. <paramref name="Role"/> is <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Content)
{
    /// <summary>A message of text alone.</summary>
    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) { }
}
