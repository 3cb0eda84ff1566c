using Interlace.Vlm.Families.Llama;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Llama;

/// <summary>
/// Expected texts: the published templates of Llama 3.1 and 3.2, run by the original implementation of Jinja without a clock.
/// </summary>
public class ChatTemplateTests
{
    private const string Dates = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
        + "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

    private static readonly ChatTemplate Template = new("<|begin_of_text|>", dated: true);

    [Fact]
    public void A_system_message_follows_the_dates()
    {
        ChatMessage[] messages =
        [
            new("system", " Be brief. "), new("user", " Hi "), new("assistant", " Hello "), new("system", "again"), new("user", "x"),
        ];
        Assert.Equal(
            Dates + "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>system<|end_header_id|>\n\nagain<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\nx<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
            Template.Render(messages, addGenerationPrompt: true).Text);
    }

    [Fact]
    public void A_conversation_without_a_system_message_is_given_the_dates_alone()
    {
        RenderedChat chat = Template.Render([new("user", "Two plus two?"), new("assistant", "Four.")], addGenerationPrompt: false);
        Assert.Equal(
            Dates + "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nTwo plus two?<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\nFour.<|eot_id|>",
            chat.Text);
        Assert.Equal(["Four.<|eot_id|>"], chat.Answers.Select(span => chat.Text[span.Start..span.End]));
    }
}
