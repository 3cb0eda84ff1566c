using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting;

/// <summary>A perplexity of a file of texts, or a share of right choices of a file of choices, in percent.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Value">The number.</param>
/// <param name="Interval">95 % interval, or the range of several runs.</param>
public sealed record LikelihoodScore(string Name, double Value, Interval? Interval = null);
