using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families;

/// <summary>Who may speak in a conversation, by a family's chat template.</summary>
internal static class Roles
{
    /// <summary>Makes sure that a message is one that a template without tools can render.</summary>
    /// <exception cref="InputException">Its role is another, or it calls tools.</exception>
    public static void Check(ChatMessage message, params IReadOnlyList<string> known)
    {
        if (!known.Contains(message.Role))
        {
            throw new InputException($"A message has the role '{message.Role}'; "
                + $"this model's chat template knows {string.Join(", ", known)}.");
        }
        if (message.ToolCalls.Count > 0)
            throw new InputException("A message calls tools, which this model's chat template does not know.");
    }

    /// <summary>The text of a message of a model that reads text alone.</summary>
    /// <exception cref="InputException">It holds an image or a video.</exception>
    public static string TextOf(ChatMessage message) => string.Concat(message.Content.Select(part => part is TextPart text
        ? text.Text
        : throw new InputException($"A message of the role '{message.Role}' holds an image; this model reads text alone there.")));
}
