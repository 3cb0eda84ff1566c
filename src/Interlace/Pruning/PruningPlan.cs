using System.Collections.Immutable;
using Interlace.Artefacts;

namespace Interlace.Pruning;

/// <summary>
/// Which decoder layers are dropped, tuned and frozen: three disjoint sets that cover 0..L-1.
/// Immutable, and impossible to build in a wrong state.
/// Original indices are those of the unpruned model, new ones those after renumbering; both are 0-based, as in checkpoints.
/// </summary>
public sealed class PruningPlan
{
    private readonly int[] newIndex;

    private PruningPlan(int layerCount, ImmutableArray<int> drop, ImmutableArray<int> tune, PlanOrigin origin)
    {
        (LayerCount, Drop, Tune, Origin) = (layerCount, drop, tune, origin);
        Kept = [.. Enumerable.Range(0, layerCount).Except(drop)];
        Freeze = [.. Kept.Except(tune)];
        newIndex = new int[layerCount];
        Array.Fill(newIndex, -1);
        for (int i = 0; i < Kept.Length; i++) newIndex[Kept[i]] = i;
    }

    /// <summary>Number of decoder layers of the unpruned model, L.</summary>
    public int LayerCount { get; }

    /// <summary>Original indices of the dropped layers, ascending.</summary>
    public ImmutableArray<int> Drop { get; }

    /// <summary>Original indices of the layers to tune, ascending.</summary>
    public ImmutableArray<int> Tune { get; }

    /// <summary>Original indices of the frozen layers, ascending: every layer that is neither dropped nor tuned.</summary>
    public ImmutableArray<int> Freeze { get; }

    /// <summary>Original index of each layer of the pruned model, in its order.</summary>
    public ImmutableArray<int> Kept { get; }

    /// <summary>Indices in the pruned model of the layers to tune, ascending.</summary>
    public IEnumerable<int> TuneNew => Tune.Select(layer => newIndex[layer]);

    /// <summary>How the plan came about.</summary>
    public PlanOrigin Origin { get; }

    /// <summary>A plan that drops and tunes the given layers, in any order, and freezes the others.</summary>
    /// <exception cref="PlanException">A layer is named twice or does not exist, or none would be left.</exception>
    public static PruningPlan Create(int layerCount, IEnumerable<int> drop, IEnumerable<int> tune, PlanOrigin? origin = null)
    {
        if (layerCount > Counts.MostLayers)
        {
            throw new PlanException($"The plan is for {layerCount} decoder layers, "
                + $"more than the {Counts.MostLayers} that a model can have.");
        }
        int[] dropped = [.. drop.Order()], tuned = [.. tune.Order()];
        var seen = new HashSet<int>();
        foreach (int layer in dropped.Concat(tuned))
        {
            if (layer < 0 || layer >= layerCount)
                throw new PlanException($"The plan names layer {layer}, but the model has layers 0 to {layerCount - 1}.");
            if (!seen.Add(layer))
                throw new PlanException($"The plan names layer {layer} twice: a layer is dropped, tuned or frozen, and nothing else.");
        }
        if (dropped.Length >= layerCount) throw new PlanException($"The plan drops all {layerCount} layers: at least one must stay.");
        return new(layerCount, [.. dropped], [.. tuned], origin ?? new());
    }

    /// <summary>The same layers with another account of how they were chosen.</summary>
    public PruningPlan With(PlanOrigin origin) => new(LayerCount, Drop, Tune, origin);

    /// <summary>Whether another plan changes the same layers of the same model, chosen in the same way.</summary>
    public bool IsSameAs(PruningPlan other)
    {
        static object Choice(PlanOrigin origin) =>
            (origin.Method, origin.Ratio, origin.Selection, origin.Tokens, origin.ProtectedLayers, origin.ProtectEnds, origin.Rules,
                origin.Seed, origin.SinksKept is null ? null : string.Join(',', origin.SinksKept),
                origin.LongestRun, origin.Candidates, origin.Tune, origin.BestOf, origin.BestBy);
        return LayerCount == other.LayerCount && Drop.SequenceEqual(other.Drop) && Tune.SequenceEqual(other.Tune)
            && Choice(Origin).Equals(Choice(other.Origin))
            && (Origin.Model is null || other.Origin.Model is null || Origin.Model.DifferenceFrom(other.Origin.Model) is null);
    }

    /// <summary>The index in the pruned model of an original layer, or null where that layer is dropped.</summary>
    public int? NewIndex(int original) => newIndex[original] is >= 0 and int index ? index : null;

    /// <summary>The original index of a layer of the pruned model.</summary>
    public int OriginalIndex(int index) => Kept[index];
}
