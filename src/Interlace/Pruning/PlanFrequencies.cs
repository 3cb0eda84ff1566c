namespace Interlace.Pruning;

/// <summary>A plan and how often it, and each of its layers, comes out of other drawings of the samples.</summary>
/// <param name="Plan">The plan of all samples.</param>
/// <param name="Drop">[L] share of drawings that drop the layer.</param>
/// <param name="Tune">[L] share that tune it.</param>
/// <param name="SameDrop">Share that drop exactly the plan's layers.</param>
/// <param name="SamePlan">Share that tune exactly the plan's layers too.</param>
internal sealed record PlanFrequencies(PruningPlan Plan, double[] Drop, double[] Tune, double SameDrop, double SamePlan);
