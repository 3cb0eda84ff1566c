using System.Text;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llama;

/// <summary>
/// The chat templates of Llama 3: texts are trimmed, and the first message follows the token that begins a text.
/// From 3.1 on every conversation has a system message, which begins with two dates.
/// </summary>
/// <param name="begin">The token that begins a text.</param>
/// <param name="dated">Whether the system message has the dates.</param>
internal sealed class ChatTemplate(string begin, bool dated = false) : IChatTemplate
{
    // The templates' own: that of 3.2 takes today's date where it is given a clock, and this one otherwise.
    // None is given, so that prompts stay the same.
    private const string Dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
    private const string End = "<|eot_id|>";

    /// <summary>That of SmolLM2, whose decoder is Llama's.</summary>
    public static SystemTemplate SmolLM { get; } = new("You are a helpful AI assistant named SmolLM, trained by Hugging Face");

    public IReadOnlyList<string> Placeholders => [];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static IChatTemplate Load(string folder)
    {
        string begin = SpecialTokens.Begin(folder, "<|begin_of_text|>");
        return TemplateFile.Find<IChatTemplate>(folder, "Llama 3",
            ("ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122", new ChatTemplate(begin)),
            ("93c0e9aa3629bbd77e68dbc0f5621f6e6b23aa8d74b932595cdb8d64684526d7", new ChatTemplate(begin, dated: true)),    // 3.1
            ("d82792f95932f1c9cef5c4bd992f171225e3bf8c7b609b4557c9e1ec96be819f", new ChatTemplate(begin, dated: true)),    // 3.2
            ("872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788", SmolLM));
    }

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder(begin);
        var answers = new List<TextSpan>();
        if (dated && messages[0].Role != "system") text.Append(Header("system")).Append(Dates).Append(End);
        foreach (var (i, message) in messages.Index())
        {
            Roles.Check(message, "system", "user", "assistant");
            text.Append(Header(message.Role));
            if (dated && i == 0 && message.Role == "system") text.Append(Dates);
            int start = text.Length;
            text.Append(PythonSpace.Strip(Roles.TextOf(message))).Append(End);
            if (message.Role == "assistant") answers.Add(new(start, text.Length));
        }
        if (addGenerationPrompt) text.Append(Header("assistant"));
        return new(text.ToString(), answers);
    }

    private static string Header(string role) => $"<|start_header_id|>{role}<|end_header_id|>\n\n";
}
