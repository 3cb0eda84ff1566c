using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3;

/// <summary>
/// The chat templates of Qwen3. What an assistant thought is kept behind the last question alone, where an answer without thoughts
/// is given empty ones; models that never think (Instruct) have no such rule.
/// </summary>
internal sealed class ChatTemplate : IChatTemplate
{
    private readonly string _opening;
    private readonly bool _knowsThoughts;

    private ChatTemplate(string opening, bool knowsThoughts) => (_opening, _knowsThoughts) = (opening, knowsThoughts);

    /// <summary>Qwen3 of April 2025: the answer to come may begin with thoughts.</summary>
    public static ChatTemplate Hybrid { get; } = new("", knowsThoughts: true);

    /// <summary>The same where no thoughts are wanted: the answer to come is given empty ones.</summary>
    public static ChatTemplate WithoutThoughts { get; } = new(Thoughts.None, knowsThoughts: true);

    /// <summary>Qwen3 Thinking of July 2025: the answer to come begins with thoughts.</summary>
    public static ChatTemplate Thinking { get; } = new(Thoughts.Open, knowsThoughts: true);

    /// <summary>Qwen3 Instruct of July 2025: it does not think.</summary>
    public static ChatTemplate Instruct { get; } = new("", knowsThoughts: false);

    public IReadOnlyList<string> Placeholders => [];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen3",
        ("a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8", Hybrid),
        ("87a2728cb8dc9fe424d624542f6060ec05a1d285ebbec578bb078900e33396b5", Hybrid),   // the first file: the same for messages of text
        ("3802169b2a02b81e6adb7ab4f64f91ff02db753c8c3a64a01c35192d3a61d8d7", Thinking),
        ("9215cee970b5c8d15c7f9c6e257082068c1899a46634824ce3809ffd67f42cab", Instruct));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        int lastQuestion = messages.Count - 1;   // as the template has it where there is none
        for (int i = 0; i < messages.Count; i++)
            if (messages[i].Role == "user" && !Thoughts.IsToolResponse(Roles.TextOf(messages[i]))) lastQuestion = i;
        foreach (var (i, message) in messages.Index())
        {
            Roles.Check(message, "system", "user", "assistant");
            string text = Roles.TextOf(message);
            int given = 0;
            if (_knowsThoughts && message.Role == "assistant")
                (text, given, _) = Thoughts.Render(text, keep: i > lastQuestion, isLast: i == messages.Count - 1, _opening);
            prompt.Add(message.Role, text, unasked: given);
        }
        return prompt.Finish(addGenerationPrompt, _opening);
    }
}
