using System.Text;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>
/// The chat template of Gemma 3: texts are trimmed, user and model take turns, and a system message stands before the first user's text.
/// </summary>
/// <param name="begin">The token that begins a text.</param>
internal sealed class ChatTemplate(string begin) : IChatTemplate
{
    private const string PublishedHash = "8d9e3a3c114fb2053ec500184677af4f7e5f8ec2582443cd535834e68b3ade29";
    private const string Image = "<start_of_image>", Turn = "<start_of_turn>", End = "<end_of_turn>";

    public IReadOnlyList<string> Placeholders => [Image, ImageToken];

    public string ImageToken => "<image_soft_token>";

    public string ImageText => $"\n\n{Image}{ImageToken}<end_of_image>\n\n";

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) =>
        TemplateFile.Find(folder, "Gemma 3", (PublishedHash, new ChatTemplate(SpecialTokens.Begin(folder, "<bos>"))));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder(begin);
        var answers = new List<TextSpan>();
        bool hasSystem = messages[0].Role == "system";
        string before = hasSystem ? SystemText(messages[0]) + "\n\n" : "";
        foreach (var (i, message) in messages.Skip(hasSystem ? 1 : 0).Index())
        {
            Roles.Check(message, "user", "assistant");
            bool isAnswer = message.Role == "assistant";
            if (isAnswer != (i % 2 == 1))
                throw new InputException("This model's chat template has user and assistant take turns, the user first.");
            text.Append(Turn).Append(isAnswer ? "model" : "user").Append('\n').Append(i == 0 ? before : "");
            int start = text.Length;
            foreach (var part in message.Content) text.Append(part is TextPart own ? PythonSpace.Strip(own.Text) : Image);
            text.Append(End);
            if (isAnswer) answers.Add(new(start, text.Length));
            text.Append('\n');
        }
        if (addGenerationPrompt) text.Append(Turn).Append("model\n");
        return new(text.ToString(), answers);
    }

    private static string SystemText(ChatMessage message) => message.Content is [TextPart only]
        ? only.Text
        : throw new InputException("A system message of this model's chat template is a single text.");
}
