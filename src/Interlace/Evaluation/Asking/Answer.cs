namespace Interlace.Evaluation.Asking;

/// <summary>One line of <c>predictions/NAME.jsonl</c>.</summary>
/// <param name="Index">The row's index in its table.</param>
/// <param name="PromptSha256">Hash of the token ids of the prompt.</param>
/// <param name="Prediction">The answer.</param>
/// <param name="PromptTokens">Tokens of the prompt, visual ones included.</param>
/// <param name="VisualTokens">Visual tokens of the prompt.</param>
/// <param name="Tokens">Generated tokens.</param>
/// <param name="FinishReason">stop or length.</param>
public sealed record Answer(string Index, string PromptSha256, string Prediction, int PromptTokens, int VisualTokens, int Tokens,
    string FinishReason);
