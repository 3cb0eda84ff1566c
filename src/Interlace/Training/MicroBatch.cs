using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>Samples of a step that go through the model together.</summary>
/// <param name="Parts">Its samples, in one or more parts of about one size that may go through it at the same time.</param>
/// <param name="Answers">Their tokens that are trained on.</param>
/// <param name="Tokens">All their tokens.</param>
internal sealed record MicroBatch(IReadOnlyList<IReadOnlyList<EncodedSample>> Parts, long Answers, long Tokens);
