using System.Text.Json.Nodes;
using Interlace.Vlm.Families.Qwen3;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Qwen3;

/// <summary>Expected texts: the published templates, run by the original implementation of Jinja.</summary>
public class ChatTemplateTests
{
    private const string Question = "<|im_start|>user\nTwo plus two?<|im_end|>\n", Next = "<|im_start|>user\nAnd three?<|im_end|>\n";
    private const string System = "<|im_start|>system\nBe brief.<|im_end|>\n", Answer = "<|im_start|>assistant\n", End = "<|im_end|>\n";

    private static readonly ChatMessage[] Asking =
    [
        new("system", "Be brief."), new("user", "Two plus two?"),
        new("assistant", "<think>\nEasy.\n</think>\n\nFour."), new("user", "And three?"),
    ];

    private static readonly ChatMessage[] Answered =
        [new("user", "Two plus two?"), new("assistant", "Four."), new("user", "And three?"), new("assistant", "Seven.")];

    private static readonly ChatMessage[] Thought = [new("user", "Two plus two?"), new("assistant", "<think>\nEasy.\n</think>\n\nFour.")];

    [Fact]
    public void A_model_that_may_think_drops_earlier_thoughts_and_closes_an_answer_without_any()
    {
        Assert.Equal($"{System}{Question}{Answer}Four.{End}{Next}{Answer}", Asked(ChatTemplate.Hybrid));
        Assert.Equal($"{Question}{Answer}Four.{End}{Next}{Answer}<think>\n\n</think>\n\nSeven.{End}", Text(ChatTemplate.Hybrid, Answered));
        Assert.Equal(["Four.<|im_end|>", "Seven.<|im_end|>"], Trained(ChatTemplate.Hybrid, Answered));
        Assert.Equal($"{Question}{Answer}<think>\nEasy.\n</think>\n\nFour.{End}", Text(ChatTemplate.Hybrid, Thought));
        Assert.Equal(["<think>\nEasy.\n</think>\n\nFour.<|im_end|>"], Trained(ChatTemplate.Hybrid, Thought));
    }

    [Fact]
    public void A_thinking_model_is_given_the_mark_that_opens_its_thoughts()
    {
        Assert.Equal($"{System}{Question}{Answer}Four.{End}{Next}{Answer}<think>\n", Asked(ChatTemplate.Thinking));
        Assert.Equal($"{Question}{Answer}Four.{End}{Next}{Answer}<think>\n\n</think>\n\nSeven.{End}", Text(ChatTemplate.Thinking, Answered));
        Assert.Equal(["Four.<|im_end|>", "Seven.<|im_end|>"], Trained(ChatTemplate.Thinking, Answered));
        Assert.Equal($"{Question}{Answer}<think>\nEasy.\n</think>\n\nFour.{End}", Text(ChatTemplate.Thinking, Thought));
        Assert.Equal(["Easy.\n</think>\n\nFour.<|im_end|>"], Trained(ChatTemplate.Thinking, Thought));
    }

    [Fact]
    public void A_model_that_never_thinks_keeps_answers_as_they_are()
    {
        Assert.Equal($"{System}{Question}{Answer}<think>\nEasy.\n</think>\n\nFour.{End}{Next}{Answer}", Asked(ChatTemplate.Instruct));
        Assert.Equal($"{Question}{Answer}Four.{End}{Next}{Answer}Seven.{End}", Text(ChatTemplate.Instruct, Answered));
        Assert.Equal(["Four.<|im_end|>", "Seven.<|im_end|>"], Trained(ChatTemplate.Instruct, Answered));
    }

    [Fact, Trait("Category", "Golden")]
    public void The_first_published_file_is_known_too()
    {
        using var scratch = new ScratchFolder();
        JsonNode published = Shared.Json("fixtures", "tokenizer", "qwen3_text_tokenizer_config.json");
        var config = new JsonObject { ["chat_template"] = (string)published["chat_template"]! };
        File.WriteAllText(scratch.At("tokenizer_config.json"), config.ToJsonString());
        Assert.Same(ChatTemplate.Hybrid, ChatTemplate.Load(scratch.Path));
    }

    private static string Asked(ChatTemplate template) => template.Render(Asking, addGenerationPrompt: true).Text;

    private static string Text(ChatTemplate template, ChatMessage[] messages) => template.Render(messages, addGenerationPrompt: false).Text;

    private static IEnumerable<string> Trained(ChatTemplate template, ChatMessage[] messages)
    {
        RenderedChat chat = template.Render(messages, addGenerationPrompt: false);
        return chat.Answers.Select(span => chat.Text[span.Start..span.End]);
    }
}
