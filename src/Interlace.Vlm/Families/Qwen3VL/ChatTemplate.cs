using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// The chat template of Qwen3-VL. It adds nothing of itself: no system prompt, no trimming.
/// </summary>
internal sealed class ChatTemplate : IChatTemplate
{
    /// <summary>What stands for an image in the prompt, between the two vision tokens.</summary>
    public const string ImagePlaceholder = "<|image_pad|>";

    /// <summary>What stands for a video.</summary>
    public const string VideoPlaceholder = "<|video_pad|>";

    /// <summary>SHA-256 of the published template.</summary>
    private const string PublishedHash = "9d879ef91075acbfb2df7e441fd79d60bacfca989cf6d511d2af45c681e94f10";

    private const string ToolsHead = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        + "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";

    private const string ToolsTail = "\n</tools>\n\n"
        + "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
        + "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

    /// <summary>The published template.</summary>
    public static ChatTemplate Published { get; } = new();

    public IReadOnlyList<string> Placeholders => [ImagePlaceholder, VideoPlaceholder];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen3-VL", (PublishedHash, Published));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        Render(messages, addGenerationPrompt, addVisionId: false);

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The turns. Only the first may be a system message that is read: the template passes over later ones.</param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <param name="addVisionId">Whether images and videos are numbered ("Picture 1: "), over all turns.</param>
    /// <param name="tools">Descriptions of tools, put into the system message.</param>
    /// <exception cref="InputException">No message, an unknown role, or an image where the template reads none.</exception>
    public RenderedChat Render(
        IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, bool addVisionId, IReadOnlyList<JsonNode>? tools = null)
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
                case "tool": prompt.Tool(messages[i], first: !IsTool(i - 1), last: !IsTool(i + 1)); break;
                default: throw new InputException($"Message {i} has the role '{messages[i].Role}'; a role is system, user, assistant or tool.");
            }
        }
        return prompt.Finish(addGenerationPrompt);

        bool IsTool(int i) => i >= 0 && i < messages.Count && messages[i].Role == "tool";
    }

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
                bool written = call.Arguments.GetValueKind() == JsonValueKind.String;
                string arguments = written ? call.Arguments.GetValue<string>() : PythonJson.Write(call.Arguments);
                _text.Append($"<tool_call>\n{{\"name\": \"{call.Name}\", \"arguments\": {arguments}}}\n</tool_call>");
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
            {
                _text.Append((part as TextPart ?? throw new InputException($"A message of the role '{message.Role}' holds an image or a video; "
                    + "the chat template reads them in user and tool messages only.")).Text);
            }
        }

        private void Parts(ChatMessage message)
        {
            foreach (ContentPart part in message.Content)
            {
                switch (part)
                {
                    case ImagePart: Vision("Picture", ++_images, ImagePlaceholder); break;
                    case VideoPart: Vision("Video", ++_videos, VideoPlaceholder); break;
                    case TextPart text: _text.Append(text.Text); break;
                }
            }
        }

        private void Vision(string name, int number, string placeholder)
        {
            if (numbered) _text.Append(name).Append(' ').Append(number).Append(": ");
            _text.Append("<|vision_start|>").Append(placeholder).Append("<|vision_end|>");
        }
    }
}
