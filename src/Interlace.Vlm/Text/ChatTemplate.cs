using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Text;

/// <summary>A conversation as the model reads it.</summary>
/// <param name="Text">The prompt, with one placeholder per image.</param>
/// <param name="Answers">The assistant's answers: the characters after their header's line break, each with its closing <c>&lt;|im_end|&gt;</c>.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<TextSpan> Answers);

/// <summary>
/// The chat template of Qwen3-VL, rendered natively: a template file is never executed. A checkpoint whose own template is another one is reported in <see cref="Warning"/>.
/// The template adds nothing of itself: no system prompt, no trimming.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>What stands for an image in the prompt, between the two vision tokens.</summary>
    public const string ImagePlaceholder = "<|image_pad|>";

    /// <summary>What stands for a video.</summary>
    public const string VideoPlaceholder = "<|video_pad|>";

    /// <summary>SHA-256 of the published template, trimmed, with line feeds.</summary>
    private const string KnownHash = "9d879ef91075acbfb2df7e441fd79d60bacfca989cf6d511d2af45c681e94f10";

    private const string ToolsHead = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>";
    private const string ToolsTail = "\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
        + "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

    private ChatTemplate(string? warning) => Warning = warning;

    /// <summary>The published template.</summary>
    public static ChatTemplate Published { get; } = new(null);

    /// <summary>One sentence where the checkpoint's own template is not the one that is rendered here; null where it is, or where it has none.</summary>
    public string? Warning { get; }

    /// <summary>Looks for a model folder's own template (chat_template.jinja, chat_template.json, tokenizer_config.json, the first that exists) and compares it with the known one.</summary>
    /// <exception cref="InputException">One of these files cannot be read.</exception>
    public static ChatTemplate Load(string folder)
    {
        foreach ((string name, Func<string, string?> read) in (ReadOnlySpan<(string, Func<string, string?>)>)
            [("chat_template.jinja", static text => text), ("chat_template.json", InJson), ("tokenizer_config.json", InJson)])
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file)) continue;
            try
            {
                if (read(Encoding.UTF8.GetString(StrictJson.Bytes(file))) is { } own)
                    return IsKnown(own) ? Published : new($"{file} is not the chat template of Qwen3-VL; prompts are rendered with Qwen3-VL's all the same.");
            }
            catch (JsonException error)
            {
                throw new InputException($"{file} is not valid JSON: {error.Message}", error);
            }
        }
        return Published;
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The turns. Only the first may be a system message that is read: the template passes over later ones.</param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <param name="addVisionId">Whether images and videos are numbered ("Picture 1: "), over all turns.</param>
    /// <param name="tools">Descriptions of tools, put into the system message.</param>
    /// <exception cref="InputException">No message, an unknown role, an image where the template reads none, or a placeholder written out in a text.</exception>
    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = false, bool addVisionId = false, IReadOnlyList<JsonNode>? tools = null)
    {
        if (messages.Count == 0) throw new InputException("The conversation has no message.");
        var prompt = new Prompt(addVisionId);
        prompt.System(messages[0], tools ?? []);
        for (int i = 0; i < messages.Count; i++)
        {
            switch (messages[i].Role)
            {
                case "system": break;
                case "user": prompt.User(messages[i]); break;
                case "assistant": prompt.Assistant(messages[i]); break;
                case "tool": prompt.Tool(messages[i], first: i == 0 || messages[i - 1].Role != "tool", last: i == messages.Count - 1 || messages[i + 1].Role != "tool"); break;
                default: throw new InputException($"Message {i} has the role '{messages[i].Role}'; a role is system, user, assistant or tool.");
            }
        }
        return prompt.Finish(addGenerationPrompt);
    }

    private static bool IsKnown(string template)
    {
        string text = template.Replace("\r\n", "\n", StringComparison.Ordinal).Trim();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) == KnownHash;
    }

    /// <summary>The chat_template of a JSON file: a text, or a list of named ones of which "default" counts.</summary>
    private static string? InJson(string json) => (StrictJson.Parse(json) as JsonObject)?["chat_template"] switch
    {
        JsonArray named => named.OfType<JsonObject>().FirstOrDefault(entry => Text(entry["name"]) == "default") is { } entry
            ? Text(entry["template"]) : null,
        var single => Text(single),
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>The prompt as it grows.</summary>
    private sealed class Prompt(bool numbered)
    {
        private readonly StringBuilder _text = new();
        private readonly List<TextSpan> _answers = [];
        private int _images, _videos;

        public void System(ChatMessage first, IReadOnlyList<JsonNode> tools)
        {
            bool own = first.Role == "system";
            if (!own && tools.Count == 0) return;
            _text.Append("<|im_start|>system\n");
            if (own) Texts(first);
            if (tools.Count > 0)
            {
                if (own) _text.Append("\n\n");
                _text.Append(ToolsHead);
                foreach (JsonNode tool in tools) _text.Append('\n').Append(PythonJson.Write(tool));
                _text.Append(ToolsTail);
            }
            _text.Append("<|im_end|>\n");
        }

        public void User(ChatMessage message)
        {
            _text.Append("<|im_start|>user\n");
            Parts(message);
            _text.Append("<|im_end|>\n");
        }

        public void Assistant(ChatMessage message)
        {
            _text.Append("<|im_start|>assistant\n");
            int start = _text.Length;
            Texts(message);
            for (int i = 0; i < message.ToolCalls.Count; i++)
            {
                if (i > 0 || _text.Length > start) _text.Append('\n');
                ToolCall call = message.ToolCalls[i];
                string arguments = call.Arguments.GetValueKind() == JsonValueKind.String ? call.Arguments.GetValue<string>() : PythonJson.Write(call.Arguments);
                _text.Append("<tool_call>\n{\"name\": \"").Append(call.Name).Append("\", \"arguments\": ").Append(arguments).Append("}\n</tool_call>");
            }
            _text.Append("<|im_end|>");
            _answers.Add(new(start, _text.Length));
            _text.Append('\n');
        }

        public void Tool(ChatMessage message, bool first, bool last)
        {
            if (first) _text.Append("<|im_start|>user");
            _text.Append("\n<tool_response>\n");
            Parts(message);
            _text.Append("\n</tool_response>");
            if (last) _text.Append("<|im_end|>\n");
        }

        public RenderedChat Finish(bool addGenerationPrompt)
        {
            if (addGenerationPrompt) _text.Append("<|im_start|>assistant\n");
            return new(_text.ToString(), _answers);
        }

        private void Texts(ChatMessage message)
        {
            foreach (ContentPart part in message.Content)
                Text(part as TextPart ?? throw new InputException($"A message of the role '{message.Role}' holds an image or a video; the chat template reads them in user and tool messages only."));
        }

        private void Parts(ChatMessage message)
        {
            foreach (ContentPart part in message.Content)
            {
                switch (part)
                {
                    case ImagePart: Vision("Picture", ++_images, ImagePlaceholder); break;
                    case VideoPart: Vision("Video", ++_videos, VideoPlaceholder); break;
                    case TextPart text: Text(text); break;
                }
            }
        }

        private void Vision(string name, int number, string placeholder)
        {
            if (numbered) _text.Append(name).Append(' ').Append(number).Append(": ");
            _text.Append("<|vision_start|>").Append(placeholder).Append("<|vision_end|>");
        }

        private void Text(TextPart part)
        {
            foreach (string placeholder in (ReadOnlySpan<string>)[ImagePlaceholder, VideoPlaceholder])
                if (part.Text.Contains(placeholder, StringComparison.Ordinal))
                    throw new InputException($"A message's text holds {placeholder} literally, which would stand for an image or a video that is not there; remove it from the text.");
            _text.Append(part.Text);
        }
    }
}
