using Interlace.Vlm.Families.Qwen2;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Qwen2;

public sealed class ChatTemplateTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>The template of Qwen2, published with its models; expected texts worked out by hand.</summary>
    [Fact]
    public void The_published_template_of_the_first_version_is_known()
    {
        File.WriteAllText(_scratch.At("chat_template.jinja"),
            "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
            + "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
            + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}");
        Assert.Equal(
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
            ChatTemplate.Load(_scratch.Path).Render([new("user", "Hi")], addGenerationPrompt: true).Text);
    }

    [Fact]
    public void Without_a_template_prompts_are_those_of_the_newest_models()
    {
        RenderedChat chat = ChatTemplate.Load(_scratch.Path).Render([new("user", "Hi"), new("assistant", "Yes?")],
            addGenerationPrompt: false);
        Assert.Equal(
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            + "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes?<|im_end|>\n", chat.Text);
        Assert.Equal(["Yes?<|im_end|>"], chat.Answers.Select(span => chat.Text[span.Start..span.End]));
    }
}
