using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>The chat template of Qwen2-VL and Qwen2.5-VL: a conversation without a system message is given one.</summary>
internal sealed class Qwen2ChatTemplate : IChatTemplate
{
    private const string PublishedHash = "a0bc6f6fc7a29a80017a433e8f03a1cc1236e838a944a2d034295a60c4f2fddb";
    private const string Image = "<|image_pad|>", Video = "<|video_pad|>", Begin = "<|vision_start|>", End = "<|vision_end|>";

    public IReadOnlyList<string> Placeholders => [Image, Video];

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InputException">It is not the published one.</exception>
    public static Qwen2ChatTemplate Load(string folder, string family) =>
        TemplateFile.Find(folder, family, (PublishedHash, new Qwen2ChatTemplate()));

    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var prompt = new ChatMl();
        if (messages[0].Role != "system") prompt.Add("system", "You are a helpful assistant.");
        foreach (var message in messages)
        {
            Roles.Check(message, "system", "user", "assistant");
            prompt.Add(message.Role, string.Concat(message.Content.Select(Render)));
        }
        return prompt.Finish(addGenerationPrompt);
    }

    private static string Render(ContentPart part) => part switch
    {
        TextPart text => text.Text,
        ImagePart => Begin + Image + End,
        _ => Begin + Video + End,
    };
}
