namespace Interlace.Evaluation.Tables;

/// <summary>An answer option of a multiple-choice question.</summary>
/// <param name="Letter">A to Z.</param>
/// <param name="Text">The option as it reads after type inference.</param>
public readonly record struct Option(char Letter, string Text);
