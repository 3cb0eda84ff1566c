namespace Interlace.Evaluation.Likelihoods;

/// <summary>A row of a <see cref="LikelihoodFile"/>.</summary>
/// <param name="Text">The text, or the context of the choices.</param>
/// <param name="Choices">The choices; none of a text.</param>
/// <param name="Answer">0-based place of the right choice; null of a text.</param>
internal sealed record LikelihoodRow(string Text, string[] Choices, int? Answer);
