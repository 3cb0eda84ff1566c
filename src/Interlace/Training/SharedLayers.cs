using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Frozen decoder layers of which each rank holds a share (the third stage of ZeRO: Rajbhandari et al., 2020): a layer's owner gives it to
/// all when they are about to run it. All ranks go through the layers alike, whether they have a batch or not.
/// </summary>
/// <param name="model">The model; layers that others own have no weights.</param>
/// <param name="owners">By layer the rank that holds it; null where all do.</param>
/// <param name="ranks">The ranks.</param>
/// <param name="calls">How the ranks are called.</param>
internal sealed class SharedLayers(VisionLanguageModel model, IReadOnlyList<int?> owners, ICollective ranks, InTurn calls)
    : BroughtLayers(model, calls)
{
    /// <summary>
    /// By layer of the pruned model the rank that holds it, null where all do: layers that are trained as they are all hold, frozen ones go
    /// round.
    /// </summary>
    /// <param name="plan">The plan of the pruned model.</param>
    /// <param name="options">How it is tuned.</param>
    /// <param name="ranks">Ranks.</param>
    /// <returns>Null where nothing is shared.</returns>
    public static IReadOnlyList<int?>? Owners(PruningPlan plan, FineTuneOptions options, int ranks)
    {
        if (options.Shard != FineTuneOptions.ShareAll || ranks == 1) return null;
        int[] trained = options.Lora > 0 ? [] : TrainedParameters.LayersOf(options.Train, plan.TuneNew, plan.Kept.Length);
        int frozen = 0;
        return [.. Enumerable.Range(0, plan.Kept.Length).Select(l => trained.Contains(l) ? (int?)null : frozen++ % ranks)];
    }

    /// <inheritdoc/>
    protected override bool Comes(int l) => owners[l] is not null;

    /// <inheritdoc/>
    protected override (Tensor[] Values, Action Call) Coming(int l, Parameter[] frozen)
    {
        int owner = owners[l]!.Value;
        bool holds = owner == ranks.Rank;
        Tensor[] values = holds ? [] : [.. frozen.Select(p => p.Value)
            .Select(absent => empty(absent.shape, absent.dtype, absent.device).DetachFromDisposeScope())];
        return (values, () =>
        {
            using var part = Profile.Of("layers of other ranks");
            foreach (Tensor value in holds ? frozen.Select(p => p.Value) : values) ranks.Broadcast(value, owner);
        });
    }
}
