using Interlace.Evaluation.Scoring;

namespace Interlace.Evaluation.Comparing;

/// <summary>One run of a comparison, with what its numbers cannot be read without.</summary>
/// <param name="Name">Name of its folder.</param>
/// <param name="Kind">dense, dense fine-tuned, pruned, pruned and fine-tuned, or unknown.</param>
/// <param name="DropRatio">Part of the layers that was dropped, 0 to 1; null where unknown.</param>
/// <param name="Method">How they were chosen, where known.</param>
/// <param name="Settings">Protocol, token limit, rules, judge.</param>
/// <param name="Benchmarks">Benchmarks that all runs have, in the baseline's order.</param>
/// <param name="Groups">Means of the benchmarks of a group.</param>
/// <param name="Overall">Mean over all of these benchmarks.</param>
/// <param name="Changes">How many answers are others than the baseline's; null for the baseline.</param>
public sealed record ComparedRun(string Name, string Kind, double? DropRatio, string? Method, EvaluationSettings Settings,
    Retained[] Benchmarks, Retained[] Groups, Retained Overall, AnswerChanges? Changes);
