using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.InternVL;

/// <summary>The chat template of InternVL3: images and texts as they come, a line break behind each image.</summary>
internal sealed class ChatTemplate : IChatTemplate
{
    private const string PublishedHash = "201195cf8a29e2f5148c8f6f4aac7fe29b88643b175bbefa4df5595110e8c63a";
    private const string Image = "<IMG_CONTEXT>", Video = "<video>";

    public IReadOnlyList<string> Placeholders => [Image, Video];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "InternVL3", (PublishedHash, new ChatTemplate()));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            prompt.Add(message.Role, string.Concat(message.Content.Select(part => part is TextPart text ? text.Text : Image + "\n")));
        }
        return prompt.Finish(addGenerationPrompt);
    }
}
