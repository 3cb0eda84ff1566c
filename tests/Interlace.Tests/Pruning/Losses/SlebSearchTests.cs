using Interlace.Pruning;
using Interlace.Pruning.Losses;

namespace Interlace.Tests.Pruning.Losses;

public class SlebSearchTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(3, 8)]
    public void The_order_is_that_of_the_plain_loop_down_to_the_last_layer_that_may_go(int protectedLayers, int largest)
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 3);
        var samples = prepared.Encoded(Enumerable.Range(0, 3));
        PlainLosses.Learn(prepared.Loaded.Model, samples, 15);
        Assert.Equal(largest, SlebSearch.Largest(12, protectedLayers));
        var (removed, plain) = PlainLosses.Search(prepared.Loaded.Model, samples, protectedLayers, largest);
        using var losses = new LayerLosses(prepared.Loaded.Model, samples);
        var rounds = SlebSearch.Run(losses, 12, protectedLayers, largest, []);
        Assert.Equal(removed, rounds.Select(round => round.Removed));
        foreach (var (round, expected) in rounds.Zip(plain))
        {
            Assert.Equal(expected.Length, round.Candidates.Length);
            Assert.All(expected.Zip(round.Losses).Where(pair => double.IsFinite(pair.Second)), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * pair.First));
        }
        Assert.Empty(SlebSearch.Candidates(12, protectedLayers, removed));
    }

    [Fact]
    public void A_search_that_goes_on_finds_what_it_would_have_found()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 4);
        var samples = prepared.Encoded(Enumerable.Range(0, 4));
        var saved = new List<RemovalRound[]>();
        using (var losses = new LayerLosses(prepared.Loaded.Model, samples)) SlebSearch.Run(losses, 12, 3, 4, [], rounds => saved.Add([.. rounds]));
        Assert.Equal([1, 2, 3, 4], saved.Select(rounds => rounds.Length));
        using var other = new LayerLosses(prepared.Loaded.Model, samples);
        var whole = SlebSearch.Run(other, 12, 3, 4, saved[1]);
        Assert.Equal(saved[3].Select(round => round.Removed), whole.Select(round => round.Removed));
        Assert.Equal(saved[3].SelectMany(round => round.Losses), whole.SelectMany(round => round.Losses));
    }

    [Theory]
    [InlineData(12, 0, new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })]
    [InlineData(12, 4, new[] { 4, 5, 6, 7, 8, 9, 10 })]
    [InlineData(2, 0, new int[0])]
    [InlineData(1, 0, new int[0])]
    [InlineData(4, 4, new int[0])]
    public void The_first_and_the_last_layer_and_the_protected_ones_are_no_candidates(int layers, int protectedLayers, int[] expected)
    {
        Assert.Equal(expected, SlebSearch.Candidates(layers, protectedLayers, []));
        Assert.Equal(expected.Length, SlebSearch.Largest(layers, protectedLayers));
    }
}
