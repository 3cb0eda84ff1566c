namespace Interlace.Vlm.Text;

/// <summary>A conversation as the model reads it.</summary>
/// <param name="Text">The prompt, with one placeholder per image.</param>
/// <param name="Answers">The assistant's answers, each with the token that closes it: what is trained.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<TextSpan> Answers);
