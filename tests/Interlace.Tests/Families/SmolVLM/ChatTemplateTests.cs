using Interlace.Vlm.Families.SmolVLM;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.SmolVLM;

/// <summary>Expected texts: the published templates of SmolVLM2 and Idefics3, run by the original implementation of Jinja.</summary>
public class ChatTemplateTests
{
    private static readonly ChatMessage[] Messages =
    [
        new("system", "Be brief."), new("user", [new ImagePart(), new TextPart("What?"), new ImagePart()]), new("assistant", "Two."),
        new("user", [new TextPart("And"), new ImagePart()]),
    ];

    [Theory, InlineData("<|im_start|>", true), InlineData("<|begin_of_text|>", false)]
    public void A_space_follows_the_role_where_a_text_comes_first(string begin, bool knowsVideos)
    {
        RenderedChat chat = new ChatTemplate(begin, knowsVideos).Render(Messages, addGenerationPrompt: true);
        Assert.Equal(
            begin + "System: Be brief.<end_of_utterance>\nUser:<image>What?<image><end_of_utterance>\n"
            + "Assistant: Two.<end_of_utterance>\nUser: And<image><end_of_utterance>\nAssistant:",
            chat.Text);
        Assert.Equal([" Two.<end_of_utterance>"], chat.Answers.Select(span => chat.Text[span.Start..span.End]));
    }
}
