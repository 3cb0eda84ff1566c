namespace Interlace.Evaluation.Rules;

/// <summary>The score of one row.</summary>
/// <param name="Index">The row's index.</param>
/// <param name="Value">0 to 1.</param>
/// <param name="Extracted">What was taken out of the answer, null where nothing was or the kind extracts nothing.</param>
/// <param name="Failed">Whether no answer could be taken out of the text (or, for a judged row, no score out of the reply).</param>
public sealed record RowScore(string Index, double Value, string? Extracted = null, bool Failed = false);
