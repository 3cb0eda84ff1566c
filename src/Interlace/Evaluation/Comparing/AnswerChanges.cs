namespace Interlace.Evaluation.Comparing;

/// <summary>How many answers two runs do not share. For one model in two types of computation, or in batches of two sizes,
/// this is what rounding does.</summary>
/// <param name="Answers">Rows that both runs answered, as far as the answers are at hand.</param>
/// <param name="Texts">Those of them whose text differs.</param>
/// <param name="Questions">Questions that both runs have a score of: rows, or groups of rows that count together.</param>
/// <param name="Scores">Those of them that came out differently.</param>
public sealed record AnswerChanges(int Answers, int Texts, int Questions, int Scores);
