using Interlace.Pruning;
using Interlace.Vlm;

namespace Interlace.Tests.Pruning;

public class RandomLayersTests
{
    [Fact]
    public void The_generator_gives_the_published_sequence()
    {
        var random = new SplitMix64(1234567);
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821], Enumerable.Range(0, 5).Select(_ => random.Next()).ToArray());
    }

    [Fact]
    public void The_same_seed_gives_the_same_plan_for_ever()
    {
        var plan = RandomLayers.Select(new(10) { Seed = 7 }, 3, new());
        Assert.Equal(RandomLayers.Select(new(10) { Seed = 7 }, 3, new()).Drop, plan.Drop);
        Assert.Equal(("1 5 8", "4 6 9"), (string.Join(' ', plan.Drop), string.Join(' ', plan.Tune)));   // recomputed by another program
    }

    [Fact]
    public void Every_layer_is_dropped_and_tuned_about_equally_often_and_protected_ones_never_dropped()
    {
        int[] dropped = new int[10], tuned = new int[10];
        for (int seed = 0; seed < 4000; seed++)
        {
            var plan = RandomLayers.Select(new(10) { Seed = seed, ProtectedLayers = 2 }, 2, new());
            Assert.Equal((2, 2), (plan.Drop.Length, plan.Tune.Length));
            foreach (int layer in plan.Drop) dropped[layer]++;
            foreach (int layer in plan.Tune) tuned[layer]++;
        }
        Assert.Equal(0, dropped[0] + dropped[1]);
        Assert.All(dropped[2..], count => Assert.InRange(count, 850, 1150));   // expected 1000, standard deviation 27
        Assert.All(tuned[..2], count => Assert.InRange(count, 850, 1150));     // 2 of the 8 others
        Assert.All(tuned[2..], count => Assert.InRange(count, 600, 900));      // the same where not dropped: 750
    }

    [Fact]
    public void More_layers_than_can_be_dropped_and_tuned_are_refused() =>
        Assert.Contains("at most 5 can", Assert.Throws<PlanException>(() => RandomLayers.Select(new(10), 6, new())).Message);
}
