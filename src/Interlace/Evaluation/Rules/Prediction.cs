using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>A model's answer to a row.</summary>
/// <param name="Row">The question.</param>
/// <param name="Text">What the model wrote.</param>
/// <param name="JudgeReply">What a judge wrote about it, where one was asked.</param>
/// <param name="JudgeFailed">Whether a judge was asked and gave no reply at all.</param>
public sealed record Prediction(BenchmarkRow Row, string Text, string? JudgeReply = null, bool JudgeFailed = false);
