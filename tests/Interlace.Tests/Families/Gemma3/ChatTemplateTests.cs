using Interlace.Vlm;
using Interlace.Vlm.Families.Gemma3;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Gemma3;

/// <summary>Expected texts: the published template of Gemma 3, run by the original implementation of Jinja.</summary>
public class ChatTemplateTests
{
    private static readonly ChatTemplate Template = new("<bos>");

    [Fact]
    public void A_system_message_stands_before_the_first_question_and_texts_are_trimmed()
    {
        ChatMessage[] messages =
        [
            new("system", " Be brief. "), new("user", [new ImagePart(), new TextPart(" What? "), new ImagePart()]),
            new("assistant", " Two. "), new("user", "And now?"),
        ];
        RenderedChat chat = Template.Render(messages, addGenerationPrompt: true);
        Assert.Equal(
            "<bos><start_of_turn>user\n Be brief. \n\n<start_of_image>What?<start_of_image><end_of_turn>\n"
            + "<start_of_turn>model\nTwo.<end_of_turn>\n<start_of_turn>user\nAnd now?<end_of_turn>\n<start_of_turn>model\n",
            chat.Text);
        Assert.Equal(["Two.<end_of_turn>"], chat.Answers.Select(span => chat.Text[span.Start..span.End]));
    }

    [Fact]
    public void Turns_that_do_not_alternate_are_refused_as_the_template_refuses_them()
    {
        string Refusal(ChatMessage[] messages) =>
            Assert.Throws<InputException>(() => Template.Render(messages, addGenerationPrompt: true)).Message;
        Assert.Contains("take turns", Refusal([new("user", "One."), new("user", "Two.")]));
        Assert.Contains("take turns", Refusal([new("assistant", "One.")]));
        Assert.Contains("role 'system'", Refusal([new("user", "One."), new("system", "Two.")]));
        Assert.Contains("a single text", Refusal([new("system", [new TextPart("One."), new TextPart("Two.")]), new("user", "Three.")]));
    }
}
