using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Llama;

/// <summary>The chat template of Llama 3: texts are trimmed, and the first message follows the token that begins a text.</summary>
/// <param name="begin">That token.</param>
internal sealed class ChatTemplate(string begin) : IChatTemplate
{
    private const string PublishedHash = "ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122";
    private const string End = "<|eot_id|>";

    public IReadOnlyList<string> Placeholders => [];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Llama 3", (PublishedHash, new ChatTemplate(BeginOf(folder))));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var text = new StringBuilder(begin);
        var answers = new List<TextSpan>();
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            text.Append(Header(message.Role));
            int start = text.Length;
            text.Append(PythonSpace.Strip(Roles.TextOf(message))).Append(End);
            if (message.Role == "assistant") answers.Add(new(start, text.Length));
        }
        if (addGenerationPrompt) text.Append(Header("assistant"));
        return new(text.ToString(), answers);
    }

    private static string Header(string role) => $"<|start_header_id|>{role}<|end_header_id|>\n\n";

    private static string BeginOf(string folder)
    {
        string path = Path.Combine(folder, "tokenizer_config.json");
        JsonNode? token = File.Exists(path) ? StrictJson.ReadObject(path)["bos_token"] : null;
        JsonNode? text = token is JsonObject entry ? entry["content"] : token;   // a text, or a token with its settings
        return text is JsonValue value && value.TryGetValue(out string? written) ? written : "<|begin_of_text|>";
    }
}
