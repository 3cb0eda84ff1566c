using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.LlavaOneVision;

/// <summary>
/// The chat template of LLaVA-OneVision: a space behind the role, then images, then texts on lines of
/// their own; nothing between two messages.
/// </summary>
internal sealed class ChatTemplate : IChatTemplate
{
    private const string PublishedHash = "5ac9bd4e60a2be4f9df039e4d9328b91c2a957be3cb08686b9702ad77d9965ed";
    private const string Image = "<image>", Video = "<video>";

    public IReadOnlyList<string> Placeholders => [Image, Video];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "LLaVA-OneVision", (PublishedHash, new ChatTemplate()));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl(afterRole: " ", afterMessage: "");
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            string images = string.Concat(message.Content.OfType<ImagePart>().Select(_ => Image));
            string texts = string.Concat(message.Content.OfType<TextPart>().Select(part => "\n" + part.Text));
            prompt.Add(message.Role, images + texts, unasked: images.Length + Math.Min(1, texts.Length));
        }
        return prompt.Finish(addGenerationPrompt);
    }
}
