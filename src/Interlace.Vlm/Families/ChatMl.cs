using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families;

/// <summary>
/// A prompt in the form that Qwen's and many other models read: each message between
/// <c>&lt;|im_start|&gt;ROLE</c> and <c>&lt;|im_end|&gt;</c>.
/// </summary>
/// <param name="afterRole">What stands between the role and the message.</param>
/// <param name="afterMessage">What stands between two messages.</param>
internal sealed class ChatMl(string afterRole = "\n", string afterMessage = "\n")
{
    private const string Start = "<|im_start|>", End = "<|im_end|>";

    private readonly StringBuilder _text = new();
    private readonly List<TextSpan> _answers = [];

    /// <summary>Adds a message. What an assistant says is an answer, with the mark that ends it.</summary>
    /// <param name="role">Who says it.</param>
    /// <param name="content">What it says.</param>
    /// <param name="unasked">Characters of the content before the answer begins: they are read, not trained.</param>
    public void Add(string role, string content, int unasked = 0)
    {
        _text.Append(Start).Append(role).Append(afterRole);
        int start = _text.Length + unasked;
        _text.Append(content).Append(End);
        if (role == "assistant") _answers.Add(new(start, _text.Length));
        _text.Append(afterMessage);
    }

    /// <summary>The whole prompt.</summary>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <param name="opening">What stands behind that header already.</param>
    public RenderedChat Finish(bool addGenerationPrompt, string opening = "")
    {
        if (addGenerationPrompt) _text.Append(Start).Append("assistant\n").Append(opening);
        return new(_text.ToString(), _answers);
    }
}
