using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen2;

/// <summary>The chat templates of Qwen2.5 and Qwen2: a conversation without a system message is given one.</summary>
/// <param name="system">That message.</param>
internal sealed class ChatTemplate(string system) : IChatTemplate
{
    public IReadOnlyList<string> Placeholders => [];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen2",
        ("55b2f4a26ac9ee719330a61a0c39d9e538b0e9322212f048326318cff4f8674a",
            new ChatTemplate("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.")),   // 2.5
        ("793202280c0910ab26bc6eb57c8212c2417324c6d8c4efd0d10d59092ab3e3eb", new ChatTemplate("You are a helpful assistant.")));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        if (messages[0].Role != "system") prompt.Add("system", system);
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            prompt.Add(message.Role, Roles.TextOf(message));
        }
        return prompt.Finish(addGenerationPrompt);
    }
}
