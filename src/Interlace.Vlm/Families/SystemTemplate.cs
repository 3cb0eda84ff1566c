using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families;

/// <summary>
/// The chat template of Qwen2, Qwen2.5 and SmolLM2, all of text alone: a conversation that does not begin with a system message is given
/// one.
/// </summary>
/// <param name="system">That message.</param>
internal sealed class SystemTemplate(string system) : IChatTemplate
{
    public IReadOnlyList<string> Placeholders => [];

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
