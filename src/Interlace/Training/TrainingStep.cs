using Interlace.Data;

namespace Interlace.Training;

/// <summary>An optimiser step as one rank has it: what it computes itself, and what all ranks compute together.</summary>
/// <param name="Own">The micro-batches of this rank; it may have none.</param>
/// <param name="Rounds">The most parts of micro-batches that one rank has.</param>
/// <param name="Failing">Samples of this rank that turned out to be of no use, by index, with the reason: the step is made anew.</param>
/// <param name="Samples">Samples of the step.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Answers">Their tokens that are trained on.</param>
/// <param name="MicroBatches">Micro-batches of the step, where the mean over them is taken.</param>
/// <param name="NextIndex">Index in the epoch of the first sample after the step's.</param>
/// <param name="Skipped">What had been left out when its last sample came, or in all where there is none left.</param>
/// <param name="EndsEpoch">There is no sample left.</param>
internal sealed record TrainingStep(IReadOnlyList<MicroBatch> Own, int Rounds, IReadOnlyDictionary<long, string> Failing, int Samples,
    long Tokens, long Answers, int MicroBatches, long NextIndex, SkipCounts Skipped, bool EndsEpoch);
