using Interlace.Pruning;
using Interlace.Vlm;

namespace Interlace.Training;

/// <summary>A decoder layer behind which the tuned model's state is compared with the unpruned model's.</summary>
/// <param name="Layer">0-based index in the tuned model.</param>
/// <param name="Original">0-based index of the same layer in the unpruned model.</param>
public sealed record Anchor(int Layer, int Original)
{
    /// <summary>
    /// The frozen anchors of a plan, which are the third layers of its triplets, in ascending order; where it has none, the layers that are
    /// trained.
    /// </summary>
    /// <param name="plan">The plan of the pruned model.</param>
    /// <param name="trained">Indices in the pruned model of the layers that are trained, ascending.</param>
    /// <param name="origin">Index in the unpruned model of each layer of the pruned one (<see cref="PrunedModelFile.Ancestor"/>).</param>
    /// <exception cref="InputException">There is no layer to compare behind, or the folder's records contradict its plan.</exception>
    public static IReadOnlyList<Anchor> Of(PruningPlan plan, IReadOnlyList<int> trained, IReadOnlyList<int> origin)
    {
        if (origin.Count != plan.Kept.Length)
            throw new InputException($"The model keeps {origin.Count} layers by its record and {plan.Kept.Length} by its plan.");
        int[] frozen = [.. plan.Origin.Choices.Where(choice => choice.Layers.Count == 3).Select(choice => choice.Layers.Max())
            .Where(layer => plan.Freeze.Contains(layer)).Distinct().Order().Select(layer => plan.NewIndex(layer)!.Value)];
        IReadOnlyList<int> layers = frozen.Length > 0 ? frozen : trained;
        if (layers.Count == 0)
        {
            throw new InputException("finetune.distill_hidden compares states behind the anchors of a plan's triplets, or behind trained "
                + "layers, and there are neither: leave it out.");
        }
        return [.. layers.Select(layer => new Anchor(layer, origin[layer]))];
    }
}
