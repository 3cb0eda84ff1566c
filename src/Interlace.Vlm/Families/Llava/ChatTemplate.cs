using System.Text;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llava;

/// <summary>
/// The chat template of LLaVA-1.5 (Vicuna): images stand before the texts of their message, a space behind every text. The template has
/// nothing that ends an answer; a conversation that ends with one is closed as the model's authors trained it, with the token that ends a
/// text in place of that space.
/// </summary>
internal sealed class ChatTemplate : IChatTemplate
{
    private const string PublishedHash = "50c43d0ac06b32ddd89668462d54ab30c7f75a36b3f1d876e82772b386c2c6f0";
    private const string Image = "<image>", End = "</s>";

    public IReadOnlyList<string> Placeholders => [Image];

    public bool BeginsWithSpecialTokens => true;

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "LLaVA-1.5", (PublishedHash, new ChatTemplate()));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder();
        var answers = new List<TextSpan>();
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            if (message.Role != "system") text.Append(message.Role.ToUpperInvariant()).Append(": ");
            foreach (var _ in message.Content.OfType<ImagePart>()) text.Append(Image).Append('\n');
            int start = text.Length;
            foreach (var part in message.Content.OfType<TextPart>()) text.Append(part.Text).Append(' ');
            if (message.Role != "assistant") continue;
            if (!addGenerationPrompt && message == messages[^1]) text.Remove(text.Length - 1, 1).Append(End);
            answers.Add(new(start, text.Length));
        }
        if (addGenerationPrompt) text.Append("ASSISTANT:");
        return new(text.ToString(), answers);
    }
}
