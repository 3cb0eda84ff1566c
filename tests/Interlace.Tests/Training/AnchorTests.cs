using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Training;

public sealed class AnchorTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Anchors_are_the_third_layers_of_triplets_that_are_frozen()
    {
        var plan = PruningPlan.Create(12, drop: [8, 3], tune: [7, 2, 10], new()
        {
            Choices =
            [
                new([7, 8, 9], [8], [7], 0.9, "triplet"), new([2, 3, 4], [3], [2], 0.8, "triplet"),
                new([9, 10], [], [10], 0.7, "a pair has none"), new([5, 6, 7], [], [], 0.6, "its third is tuned"),
            ],
        });
        Assert.Equal([new(3, 4), new(7, 9)], Anchor.Of(plan, [2, 6, 8], [.. plan.Kept]));
    }

    [Fact]
    public void A_plan_without_triplets_has_the_trained_layers_for_anchors()
    {
        var plan = PruningPlan.Create(12, drop: [5], tune: [4, 6]);
        Assert.Equal([new(4, 4), new(5, 6)], Anchor.Of(plan, [4, 5], [.. plan.Kept]));
        Assert.Contains("there are neither", Assert.Throws<InputException>(() => Anchor.Of(plan, [], [.. plan.Kept])).Message, StringComparison.Ordinal);
        Assert.Contains("by its record", Assert.Throws<InputException>(() => Anchor.Of(plan, [4], [0, 1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_of_a_model_that_was_pruned_twice_are_found_in_the_first()
    {
        string once = LayerRemoval.Prune(TinyCheckpoints.Tied, PruningPlan.Create(12, drop: [5, 9], tune: [4]), _scratch.At("once")).Folder;
        string twice = LayerRemoval.Prune(once, PruningPlan.Create(10, drop: [3, 6], tune: [5]), _scratch.At("twice")).Folder;
        Assert.Equal([0, 1, 2, 4, 6, 8, 10, 11], PrunedModelFile.Ancestor(twice, TinyCheckpoints.Tied).Layers);
        Assert.Equal([0, 1, 2, 4, 5, 7, 8, 9], PrunedModelFile.Ancestor(twice, once).Layers);
        Assert.Equal(PrunedModelFile.Load(once).Parent.TensorsSha256, PrunedModelFile.Ancestor(twice, TinyCheckpoints.Tied).Model.TensorsSha256);

        string record = Path.Combine(twice, PrunedModelFile.Name), text = File.ReadAllText(record);
        File.WriteAllText(record, text.Replace("\"parent_layers\": 10", "\"parent_layers\": 11", StringComparison.Ordinal));
        Assert.NotEqual(text, File.ReadAllText(record));
        Assert.Contains("11 layers there and 10 by its own record",
            Assert.Throws<InputException>(() => PrunedModelFile.Ancestor(twice, TinyCheckpoints.Tied)).Message, StringComparison.Ordinal);
    }
}
