using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// The chat templates of Qwen3-VL. They add nothing of themselves: no system prompt, no trimming. That of the Thinking models opens
/// the thoughts of the answer to come, and keeps those of earlier answers behind the last question alone.
/// </summary>
internal sealed class ChatTemplate : IChatTemplate
{
    /// <summary>What stands for an image in the prompt, between the two vision tokens.</summary>
    public const string ImagePlaceholder = "<|image_pad|>";

    /// <summary>What stands for a video.</summary>
    public const string VideoPlaceholder = "<|video_pad|>";

    private const string ToolsHead = "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        + "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";

    private const string ToolsTail = "\n</tools>\n\n"
        + "For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n"
        + "<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

    private readonly bool _thinks;

    private ChatTemplate(bool thinks) => _thinks = thinks;

    /// <summary>The template of the Instruct models.</summary>
    public static ChatTemplate Published { get; } = new(thinks: false);

    /// <summary>The template of the Thinking models.</summary>
    public static ChatTemplate Thinking { get; } = new(thinks: true);

    public IReadOnlyList<string> Placeholders => [ImagePlaceholder, VideoPlaceholder];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is none of the published ones.</exception>
    public static ChatTemplate Load(string folder) => TemplateFile.Find(folder, "Qwen3-VL",
        ("9d879ef91075acbfb2df7e441fd79d60bacfca989cf6d511d2af45c681e94f10", Published),
        ("84ed326ccec340f3c775d5a31c0aada290d59819c18e43650aabe14f1d42c839", Thinking));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        Render(messages, addGenerationPrompt, addVisionId: false);

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">
    /// The turns. A system message is read where it is the first; the Instruct models' template passes over later ones.
    /// </param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <param name="addVisionId">Whether images and videos are numbered ("Picture 1: "), over all turns.</param>
    /// <param name="tools">Descriptions of tools, put into the system message.</param>
    /// <exception cref="InputException">No message, an unknown role, or an image where the template reads none.</exception>
    public RenderedChat Render(
        IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, bool addVisionId, IReadOnlyList<JsonNode>? tools = null)
    {
        if (messages.Count == 0) throw new InputException("The conversation has no message.");
        var prompt = new Prompt(addVisionId, _thinks);
        prompt.System(messages[0], tools ?? []);
        int lastQuestion = messages.Count - 1;   // as the template has it where there is none
        for (int i = 0; _thinks && i < messages.Count; i++)
            if (messages[i].Role == "user" && !Thoughts.IsToolResponse(prompt.Shown(messages[i]))) lastQuestion = i;
        for (int i = 0; i < messages.Count; i++)
        {
            switch (messages[i].Role)
            {
                case "system" when i == 0 || !_thinks: break;
                case "system": prompt.LaterSystem(messages[i]); break;
                case "user": prompt.User(messages[i]); break;
                case "assistant": prompt.Assistant(messages[i], i > lastQuestion, isLast: i == messages.Count - 1); break;
                case "tool": prompt.Tool(messages[i], first: !IsTool(i - 1), last: !IsTool(i + 1)); break;
                default: throw new InputException($"Message {i} has the role '{messages[i].Role}'; "
                    + "a role is system, user, assistant or tool.");
            }
        }
        return prompt.Finish(addGenerationPrompt);

        bool IsTool(int i) => i >= 0 && i < messages.Count && messages[i].Role == "tool";
    }

    /// <summary>The prompt as it grows.</summary>
    private sealed class Prompt(bool numbered, bool thinks)
    {
        private readonly StringBuilder _text = new();
        private readonly List<TextSpan> _answers = [];
        private int _images, _videos;

        public void System(ChatMessage first, IReadOnlyList<JsonNode> tools)
        {
            bool own = first.Role == "system";
            if (!own && tools.Count == 0) return;
            _text.Append("<|im_start|>system\n");
            if (own) _text.Append(Texts(first));
            if (tools.Count > 0)
            {
                if (own) _text.Append("\n\n");
                _text.Append(ToolsHead);
                foreach (JsonNode tool in tools) _text.Append('\n').Append(PythonJson.Write(tool));
                _text.Append(ToolsTail);
            }
            _text.Append("<|im_end|>\n");
        }

        public void LaterSystem(ChatMessage message) => _text.Append("<|im_start|>system\n").Append(Texts(message)).Append("<|im_end|>\n");

        public void User(ChatMessage message)
        {
            _text.Append("<|im_start|>user\n");
            Parts(message);
            _text.Append("<|im_end|>\n");
        }

        public void Assistant(ChatMessage message, bool keepThoughts, bool isLast)
        {
            _text.Append("<|im_start|>assistant\n");
            string said = Texts(message), text = said;
            int given = 0;
            if (thinks) (text, given, said) = Thoughts.Render(said, keepThoughts, isLast, Thoughts.Open);
            int start = _text.Length + given;
            _text.Append(text);
            for (int i = 0; i < message.ToolCalls.Count; i++)
            {
                if (i > 0 || said.Length > 0) _text.Append('\n');
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
            if (addGenerationPrompt) _text.Append("<|im_start|>assistant\n").Append(thinks ? Thoughts.Open : "");
            return new(_text.ToString(), _answers);
        }

        /// <summary>A message as it is shown, but for the numbers of its images.</summary>
        public string Shown(ChatMessage message) => string.Concat(message.Content.Select(part => part switch
        {
            TextPart text => text.Text,
            ImagePart => InVision(ImagePlaceholder),
            _ => InVision(VideoPlaceholder),
        }));

        private static string Texts(ChatMessage message) => string.Concat(message.Content.Select(part => part is TextPart text
            ? text.Text
            : throw new InputException($"A message of the role '{message.Role}' holds an image or a video; "
                + "the chat template reads them in user and tool messages only.")));

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
            _text.Append(InVision(placeholder));
        }

        private static string InVision(string placeholder) => $"<|vision_start|>{placeholder}<|vision_end|>";
    }
}
