using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Tests.Pruning.Losses;

public class LayerLossesTests
{
    public static TheoryData<bool, int[]> Alive => new()
    {
        { true, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
        { true, [1, 3, 4, 8, 11] },   // layers that visual features enter behind are gone: others take their places
        { true, [0, 5] },             // fewer layers than levels
        { false, [0, 2, 20, 35] },
    };

    [Theory, MemberData(nameof(Alive))]
    public void Losses_without_layers_are_those_of_the_pruned_and_renumbered_model(bool tied, int[] alive)
    {
        using var prepared = new PreparedSamples(tied ? TinyCheckpoints.Tied : TinyCheckpoints.Untied, 8);
        var (model, samples) = (prepared.Loaded.Model, prepared.Encoded(Enumerable.Range(0, 8)));
        using var losses = new LayerLosses(model, samples, batchTokens: 200);
        Assert.True(losses.BatchCount >= 3);
        double[] without = losses.Without(alive, alive);
        Near(PlainLosses.Mean(model, samples, alive), losses.Of(alive));
        foreach (var (i, layer) in alive.Index()) Near(PlainLosses.Mean(model, samples, alive.Where(other => other != layer)), without[i]);
    }

    [Fact]
    public void What_was_kept_from_other_layers_is_not_used_for_these()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 4);
        var samples = prepared.Encoded(Enumerable.Range(0, 4));
        using LayerLosses kept = new(prepared.Loaded.Model, samples), forgotten = new(prepared.Loaded.Model, samples, keptBytes: 0);
        int[] all = [.. Enumerable.Range(0, 12)];
        foreach (int[] alive in new[] { all, [.. all.Where(l => l is not (7 or 2))], [.. all.Where(l => l is not (1 or 11))] })
        {
            using LayerLosses fresh = new(prepared.Loaded.Model, samples);
            double[] expected = fresh.Without(alive, alive);
            Assert.Equal(expected, kept.Without(alive, alive));
            Assert.Equal(expected, forgotten.Without(alive, alive));
        }
    }

    [Fact]
    public void Giving_up_what_cannot_win_changes_no_winner_and_no_complete_loss()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 8);
        var samples = prepared.Encoded(Enumerable.Range(0, 8));
        PlainLosses.Learn(prepared.Loaded.Model, samples, 25);
        using var losses = new LayerLosses(prepared.Loaded.Model, samples);
        int[] alive = [.. Enumerable.Range(0, 12)];
        for (int round = 0; round < 2; round++)
        {
            long passes = 0;
            var (best, found) = losses.Lowest(alive, alive[1..^1], passed => passes = Later(passes, passed));
            double[] complete = losses.Without(alive, alive[1..^1]);
            Assert.Equal(alive[1..^1][Array.IndexOf(complete, complete.Min())], best);
            Assert.Equal(complete.Min(), found.Where(double.IsFinite).Min());
            Assert.All(found.Zip(complete).Where(pair => double.IsFinite(pair.First)), pair => Assert.Equal(pair.Second, pair.First));
            Assert.Contains(double.NaN, found);
            Assert.Equal((alive.Length - 2) * losses.BatchCount, passes);
            alive = [.. alive.Where(layer => layer != best)];
        }

        static long Later(long before, long now)
        {
            Assert.True(now >= before, $"{now} after {before}");
            return now;
        }
    }

    [Fact]
    public void Samples_without_answers_are_passed_over_and_none_at_all_is_refused()
    {
        using var prepared = new PreparedSamples(TinyCheckpoints.Tied, 4);
        EncodedSample[] samples = prepared.Encoded(0, 1, 2, 3);
        EncodedSample silent = samples[1] with { Kinds = [.. samples[1].Kinds.Select(_ => TokenKind.Prompt)] };
        using LayerLosses with = new(prepared.Loaded.Model, [.. samples, silent]), without = new(prepared.Loaded.Model, samples);
        int[] all = [.. Enumerable.Range(0, 12)];
        Assert.Equal(without.Of(all), with.Of(all));
        Assert.Contains("answer", Assert.Throws<InputException>(() => new LayerLosses(prepared.Loaded.Model, [silent])).Message);
    }

    private static void Near(double expected, double actual) => Assert.True(Math.Abs(expected - actual) <= 1e-5 * expected, $"{actual} instead of {expected}");
}
