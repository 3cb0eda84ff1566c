using System.Buffers.Binary;

namespace Interlace.Evaluation.Judges;

/// <summary>What came of a question: a text, or the reason why there is none.</summary>
/// <param name="Text">The reply.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="IsOutage">The reason has nothing to do with the question: no other would have fared better.</param>
public readonly record struct JudgeReply(string? Text, string? Failure = null, bool IsOutage = false);
