using Interlace.Vlm.Families.Llama;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Llama;

/// <summary>Expected texts: the published template, as the reference rendered it for a trained model (golden material).</summary>
public class SmolLMTemplateTests
{
    [Fact]
    public void A_conversation_without_a_system_message_is_given_one()
    {
        RenderedChat chat = ChatTemplate.SmolLM.Render([new("user", "Hi"), new("assistant", " Yes? ")], addGenerationPrompt: true);
        Assert.Equal(
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            + "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n Yes? <|im_end|>\n<|im_start|>assistant\n", chat.Text);
        Assert.Equal([" Yes? <|im_end|>"], chat.Answers.Select(span => chat.Text[span.Start..span.End]));
    }

    [Fact]
    public void A_system_message_stays()
    {
        RenderedChat chat = ChatTemplate.SmolLM.Render([new("system", "Be brief."), new("user", "Hi")], addGenerationPrompt: false);
        Assert.Equal("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n", chat.Text);
    }
}
