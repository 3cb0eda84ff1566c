using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llama;

/// <summary>The chat template of SmolLM2, whose decoder is Llama's: a conversation without a system message is given one.</summary>
internal sealed class SmolLMTemplate : IChatTemplate
{
    /// <summary>SHA-256 of the published template.</summary>
    public const string Sha256 = "872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788";

    private const string System = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

    public IReadOnlyList<string> Placeholders => [];

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        if (messages[0].Role != "system") prompt.Add("system", System);
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            prompt.Add(message.Role, Roles.TextOf(message));
        }
        return prompt.Finish(addGenerationPrompt);
    }
}
