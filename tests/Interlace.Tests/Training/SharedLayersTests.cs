using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Training;
using Interlace.Vlm;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

/// <summary>Who holds what where ranks share; that nothing else depends on it is seen under mpirun (<c>MpiSharesTests</c>).</summary>
public class SharedLayersTests
{
    private static readonly PruningPlan Plan = PruningPlan.Create(8, drop: [1, 4], tune: [2, 5]);   // of 6 kept layers 1 and 3 are tuned

    [Fact]
    public void Frozen_layers_go_round_and_trained_ones_are_everybodys() =>
        Assert.Equal([0, null, 1, null, 2, 0], SharedLayers.Owners(Plan, new(Shard: "all"), ranks: 3)!);

    [Fact]
    public void Layers_with_adapters_are_frozen() =>
        Assert.Equal([0, 1, 0, 1, 0, 1], SharedLayers.Owners(Plan, new(Shard: "all", Lora: 4), ranks: 2)!);

    [Theory, InlineData("none", 2), InlineData("optimizer", 2), InlineData("all", 1)]
    public void Else_nothing_is_shared(string shard, int ranks) => Assert.Null(SharedLayers.Owners(Plan, new(Shard: shard), ranks));

    [Fact]
    public void A_layer_that_others_hold_has_its_shape_and_is_no_number()
    {
        using var loaded = LoadedModel.Open(TinyCheckpoints.Tied, CPU, ScalarType.BFloat16, elsewhere: l => l == 3);
        using var whole = LoadedModel.Open(TinyCheckpoints.Tied, CPU, ScalarType.BFloat16);
        foreach (var (absent, held) in loaded.Model.Layers[3].Parameters.Zip(whole.Model.Layers[3].Parameters))
        {
            Assert.Equal(held.Value.shape, absent.Value.shape);
            Assert.True(absent.Value.isnan().all().item<bool>());
        }
        foreach (var (same, held) in loaded.Model.Layers[4].Parameters.Zip(whole.Model.Layers[4].Parameters))
            Assert.True(held.Value.eq(same.Value).all().item<bool>());
    }

    [Fact]
    public void The_estimate_counts_shares()
    {
        using var loaded = LoadedModel.Open(TinyCheckpoints.Tied, CPU, ScalarType.BFloat16);
        var tuned = TrainedParameters.Of(loaded.Model, [4, 8]);
        MemoryEstimate Of(string shard, int ranks, IReadOnlyList<int?>? owners = null) =>
            MemoryEstimate.For(loaded.Model, tuned, new FineTuneOptions(Shard: shard), ranks: ranks, layerOwners: owners);
        long most = Shares.Largest(tuned.Parameters, 2);
        Assert.InRange(most, tuned.Count / 2, tuned.Count * 6 / 10);
        Assert.Equal(16 * tuned.Count, Of("none", 2).Masters);
        Assert.Equal(16 * tuned.Count, Of("optimizer", 1).Masters);
        Assert.Equal(16 * most + 6 * (tuned.Count - most), Of("optimizer", 2).Masters);

        int?[] owners = [.. Enumerable.Range(0, 12).Select(l => l is 4 or 8 ? (int?)null : l % 2)];
        long layer = loaded.Model.Layers[0].Parameters.Sum(p => p.Value.numel());
        Assert.Equal(Of("none", 2).Weights - 3 * layer * 2, Of("all", 2, owners).Weights);   // five are another's, two are on their way
    }
}
