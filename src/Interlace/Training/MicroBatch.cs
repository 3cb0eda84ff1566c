using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>Samples of a step that go through the model together.</summary>
/// <param name="Samples">At least one.</param>
/// <param name="Answers">Their tokens that are trained on.</param>
/// <param name="Tokens">All their tokens.</param>
internal sealed record MicroBatch(IReadOnlyList<EncodedSample> Samples, long Answers, long Tokens);
