using System.Text;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.SmolVLM;

/// <summary>
/// The chat template of SmolVLM and Idefics3: images and texts as they come behind the role's name, with a space before a text that
/// comes first. That space belongs to an answer's first token: a prompt ends before it.
/// </summary>
/// <param name="begin">The token that begins a text.</param>
/// <param name="knowsVideos">Whether a placeholder stands for a video too.</param>
internal sealed class ChatTemplate(string begin, bool knowsVideos = false) : IChatTemplate
{
    private const string Image = "<image>", Video = "<video>", End = "<end_of_utterance>";

    public IReadOnlyList<string> Placeholders => knowsVideos ? [Image, Video] : [Image];

    public bool AnswersBeginWithSpace => true;

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "SmolVLM and Idefics3",
        ("830005085ddd94cec605b6e21b885b28ffad6e3f82ee6a212c523533e8f04f01", new ChatTemplate("<|im_start|>")),
        // SmolVLM2
        ("36a47ed97c18667acf1150e4fa25e2e2b0e87d468307dd593874f152373c2c5b", new ChatTemplate("<|im_start|>", knowsVideos: true)),
        ("0d7e56ca41705b79932de707b22bc855c3cfcefae62f1ac5e458560654883d2e", new ChatTemplate("<|begin_of_text|>")));   // Idefics3 8B

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder(begin);
        var answers = new List<TextSpan>();
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            text.Append(char.ToUpperInvariant(message.Role[0])).Append(message.Role.AsSpan(1)).Append(':');
            int start = text.Length;
            if (message.Content is not [ImagePart, ..]) text.Append(' ');
            foreach (var part in message.Content) text.Append(part is TextPart own ? own.Text : Image);
            text.Append(End);
            if (message.Role == "assistant") answers.Add(new(start, text.Length));
            text.Append('\n');
        }
        if (addGenerationPrompt) text.Append("Assistant:");
        return new(text.ToString(), answers);
    }
}
