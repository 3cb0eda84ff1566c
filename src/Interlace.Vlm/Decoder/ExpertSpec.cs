namespace Interlace.Vlm.Decoder;

/// <summary>The experts of a decoder layer.</summary>
/// <param name="Count">Number E of experts.</param>
/// <param name="Chosen">Experts k that a token goes to.</param>
/// <param name="InnerSize">Width S of each of them.</param>
/// <param name="IsOutputFirst">
/// How their matrices lie: [E, 2 S, D] and [E, D, S], as transformers 5 writes them, or [E, D, 2 S] and [E, S, D], as published.
/// </param>
internal sealed record ExpertSpec(int Count, int Chosen, int InnerSize, bool IsOutputFirst);
