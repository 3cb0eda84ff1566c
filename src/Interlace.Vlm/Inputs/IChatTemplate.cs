using Interlace.Vlm.Text;

namespace Interlace.Vlm.Inputs;

/// <summary>A chat template, written in C#: a template file is never executed.</summary>
internal interface IChatTemplate
{
    /// <summary>Texts that stand for an image or a video in a prompt, the image's first; none where the model reads text alone.</summary>
    IReadOnlyList<string> Placeholders { get; }

    /// <summary>What is a visual token's text; the image's placeholder as a rule.</summary>
    string ImageToken => Placeholders[0];

    /// <summary>
    /// What the placeholder of an image becomes before the prompt is tokenised, with <see cref="ImageToken"/> once in it: text around an
    /// image may make tokens together with its neighbours. The placeholder itself as a rule.
    /// </summary>
    string ImageText => Placeholders[0];

    /// <summary>Whether the tokenizer puts its special tokens before a prompt; other templates write them themselves.</summary>
    bool BeginsWithSpecialTokens => false;

    /// <summary>
    /// Whether a space stands before the text of an answer: prompts end before it, so that a model's answers begin with it.
    /// </summary>
    bool AnswersBeginWithSpace => false;

    /// <summary>Renders a conversation, with one placeholder for each image.</summary>
    /// <param name="messages">The turns; at least one.</param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <exception cref="InputException">A role that the template does not know, or an image where it reads none.</exception>
    RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt);
}
