using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3;

/// <summary>
/// The chat template of Qwen3: what an assistant thought is kept behind the last question alone, where an answer without thoughts is given
/// empty ones.
/// </summary>
/// <param name="thinks">Whether the answer to come may begin with thoughts; otherwise it is given empty ones.</param>
internal sealed class ChatTemplate(bool thinks = true) : IChatTemplate
{
    private const string PublishedHash = "a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8";
    private const string Open = "<think>", Close = "</think>", NoThoughts = "<think>\n\n</think>\n\n";

    public IReadOnlyList<string> Placeholders => [];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen3", (PublishedHash, new ChatTemplate()));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        int lastQuestion = messages.Count - 1;   // as the template has it where there is none
        for (int i = 0; i < messages.Count; i++)
            if (messages[i].Role == "user" && !IsToolResponse(Roles.TextOf(messages[i]))) lastQuestion = i;
        foreach (var (i, message) in messages.Index())
        {
            Roles.Check(message, "system", "user", "assistant");
            string text = Roles.TextOf(message);
            if (message.Role == "assistant") Answer(prompt, text, keepThoughts: i > lastQuestion, isLast: i == messages.Count - 1);
            else prompt.Add(message.Role, text);
        }
        return prompt.Finish(addGenerationPrompt, opening: thinks ? "" : NoThoughts);
    }

    private static bool IsToolResponse(string text) =>
        text.StartsWith("<tool_response>", StringComparison.Ordinal) && text.EndsWith("</tool_response>", StringComparison.Ordinal);

    private static void Answer(ChatMl prompt, string text, bool keepThoughts, bool isLast)
    {
        string thoughts = "";
        if (text.Contains(Close, StringComparison.Ordinal))
        {
            string before = text[..text.IndexOf(Close, StringComparison.Ordinal)].TrimEnd('\n');
            thoughts = before[(before.LastIndexOf(Open, StringComparison.Ordinal) is >= 0 and var at ? at + Open.Length : 0)..].TrimStart('\n');
            text = text[(text.LastIndexOf(Close, StringComparison.Ordinal) + Close.Length)..].TrimStart('\n');
        }
        if (!keepThoughts || !isLast && thoughts.Length == 0) prompt.Add("assistant", text);
        else if (thoughts.Trim('\n').Length == 0) prompt.Add("assistant", NoThoughts + text.TrimStart('\n'), unasked: NoThoughts.Length);
        else prompt.Add("assistant", $"{Open}\n{thoughts.Trim('\n')}\n{Close}\n\n{text.TrimStart('\n')}");
    }
}
