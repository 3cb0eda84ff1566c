using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Interlace.Pruning;
using Interlace.Pruning.Losses;
using Interlace.Tests.Pruning.Losses;
using Interlace.Vlm;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning;

public class InterlaceLossTests
{
    public static TheoryData<string, string> Goldens() => [.. Shared.FoldersWith("loss-choice.json", "models").SelectMany(model =>
        Read(model).Select(entry => entry.Key).Where(key => int.TryParse(key, CultureInfo.InvariantCulture, out _))
            .Select(key => (model, key)))];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Goldens)), Trait("Category", "Golden")]
    public void The_reference_s_losses_give_its_choices_and_are_asked_for_by_its_candidates(string model, string count)
    {
        JsonNode golden = Read(model)[count]!;
        int layers = (int)Shared.Json("models", model, "checkpoint", "config.json")["num_hidden_layers"]!, round = 0;
        JsonArray rounds = golden["rounds"]!.AsArray();
        var evidence = new Evidence(layers)
        {
            LossesWithout = (removed, candidates) =>
            {
                var expected = rounds[round++]!["losses"]!.AsObject()
                    .Select(loss => (Layer: int.Parse(loss.Key, CultureInfo.InvariantCulture), Loss: (double)loss.Value!))
                    .OrderBy(loss => loss.Layer);
                Assert.Equal(expected.Select(loss => loss.Layer), candidates);
                Assert.Equal(rounds.Take(round - 1).Select(before => (int)before!["dropped"]!).Order(), removed);
                return [.. expected.Select(loss => loss.Loss)];
            },
        };
        var plan = InterlaceLoss.Select(evidence, int.Parse(count, CultureInfo.InvariantCulture), new());
        Assert.Equal(rounds.Count, round);
        foreach (var (choice, expected) in plan.Origin.Choices.Zip(rounds))
        {
            Assert.Equal(GoldenPlans.Integers(expected!["triplet"]), choice.Layers);
            Assert.Equal([(int)expected["dropped"]!], choice.Drop);
            Assert.Equal([(int)expected["tuned"]!], choice.Tune);
            Assert.Equal((double)expected["loss"]!, choice.Score);
        }
        Assert.Equal(GoldenPlans.Integers(golden["dropped"]).Order(), plan.Drop);
        Assert.Equal(GoldenPlans.Integers(golden["tuned"]).Order(), plan.Tune);
    }

    [Fact]
    public void The_search_is_the_rule_written_down_plainly_and_equal_losses_go_to_the_lowest_triplet_and_layer() =>
        (from layers in Gen.Int[3, 14] from guarded in Gen.Int[0, 3] from count in Gen.Int[1, 4]
         from seed in Gen.Int from coarse in Gen.Bool
         select (layers, guarded, count, seed, coarse)).Sample(given =>
        {
            var (layers, guarded, count, seed, coarse) = given;
            double Loss(IEnumerable<int> removed) => Invented(seed, removed, coarse ? 3 : 1 << 20);
            var evidence = new Evidence(layers) { ProtectedLayers = guarded, LossesWithout = (removed, candidates) =>
                [.. candidates.Select(layer => Loss(removed.Append(layer)))] };
            var expected = Plainly(layers, guarded, count, Loss);
            if (expected is null) return Assert.Throws<PlanException>(() => InterlaceLoss.Select(evidence, count, new())) is not null;
            var plan = InterlaceLoss.Select(evidence, count, new());
            return plan.Origin.Choices.SelectMany(choice => choice.Drop).SequenceEqual(expected.Select(pick => pick.Drop))
                && plan.Origin.Choices.SelectMany(choice => choice.Tune).SequenceEqual(expected.Select(pick => pick.Tune));
        }, iter: 2000);

    [Fact]
    public void What_room_is_left_is_what_the_longest_way_of_dropping_takes_and_every_way_to_K_is_found() =>
        (from layers in Gen.Int[1, 9] from guarded in Gen.Int[0, 2] from longest in Gen.Int[1, 3] from seed in Gen.Int
         from sinks in Gen.Int[0, layers - 1].Array[0, 3]
         select (layers, guarded, longest, seed, sinks)).Sample(given =>
        {
            var evidence = new Evidence(given.layers)
            {
                ProtectedLayers = given.guarded, SinkWriters = [.. given.sinks.Distinct().Order()], KeepsSinks = true,
                LossesWithout = (removed, candidates) => [.. candidates.Select(layer => Invented(given.seed, removed.Append(layer), 5))],
            };
            int most = Deepest(evidence, given.longest, [], []);
            if (new InterlacedUnits(evidence, given.longest).Room() != most) return false;
            for (int count = 1; count <= most; count++)
            {
                var plan = InterlaceLoss.Select(evidence, count, new(LongestRun: given.longest));
                int[][] runs = [.. Runs(plan)];
                bool beside = runs.All(run => run.Length <= given.longest
                    && plan.Tune.Any(layer => layer == run[0] - 1 || layer == run[^1] + 1));
                if (plan.Drop.Length != count || !plan.Drop.All(evidence.IsDroppable) || !beside) return false;
            }
            return Assert.Throws<PlanException>(() => InterlaceLoss.Select(evidence, most + 1, new(LongestRun: given.longest)))
                .Message.Contains($"at most {most} can", StringComparison.Ordinal);
        }, iter: 300);

    [Fact]
    public void The_example_of_the_documents_comes_out()
    {
        var losses = new Dictionary<string, double>
        {
            ["0"] = 5, ["1"] = 2, ["2"] = 3, ["3"] = 2.5, ["4"] = 4, ["1 3"] = 3.5, ["1 4"] = 3.1,
        };
        var asked = new List<int[]>();
        var plan = InterlaceLoss.Select(new Evidence(6)
        {
            LossesWithout = (removed, candidates) =>
            {
                asked.Add([.. candidates]);
                return [.. candidates.Select(layer => losses[string.Join(' ', removed.Append(layer))])];
            },
        }, 2, new());
        Assert.Equal([[0, 1, 3, 4], [3, 4]], asked);
        Assert.Equal([1, 4], plan.Drop);
        Assert.Equal([0, 3], plan.Tune);
        Assert.Equal([2.0, 3.1], plan.Origin.Choices.Select(choice => choice.Score!.Value));
    }

    [Fact]
    public void A_run_grows_away_from_its_tuned_layer_where_that_costs_least()
    {
        // 4 and 5 together hardly matter, every other layer does
        double Loss(IEnumerable<int> removed) => removed.Sum(layer => layer is 4 or 5 ? 0.1 : 1 + 0.01 * layer);
        var evidence = new Evidence(10)
        {
            LossesWithout = (removed, candidates) => [.. candidates.Select(layer => Loss(removed.Append(layer)))],
        };
        var plan = InterlaceLoss.Select(evidence, 2, new(LongestRun: 2));
        Assert.Equal([4, 5], plan.Drop);
        Assert.Equal([3], plan.Tune);
        Assert.Equal([3, 4, 5, 6], plan.Origin.Choices[1].Layers);
        Assert.Contains("make the run beside layer 3 longer", plan.Origin.Choices[1].Reason, StringComparison.Ordinal);
        Assert.NotEqual([4, 5], InterlaceLoss.Select(evidence, 2, new()).Drop);
    }

    [Fact]
    public void Candidates_are_narrowed_to_the_most_similar_layers_of_those_that_may_go()
    {
        var asked = new List<int[]>();
        double[] similarity = [0.9, 0.1, 0.8, 0.7, 0.2, 0.6, 0.5, 0.4, 0.3];
        var evidence = new Evidence(9)
        {
            LayerSimilarity = similarity,
            LossesWithout = (_, candidates) =>
            {
                asked.Add([.. candidates]);
                return [.. candidates.Select(layer => 1.0 - 0.01 * layer)];
            },
        };
        InterlaceLoss.Select(evidence, 2, new(Candidates: 2));
        Assert.Equal([0, 2], asked[0]);
        Assert.Equal([5, 6], asked[1]);   // 1 to 3 are taken: layer 2 is dropped, 1 tuned
        Assert.Equal(4, InterlaceLoss.MostLosses(evidence, 2, new(Candidates: 2)));
        Assert.Equal(13, InterlaceLoss.MostLosses(evidence, 2, new()));
    }

    [Fact]
    public void A_loss_that_is_no_number_never_wins_and_one_that_was_not_measured_is_said()
    {
        var evidence = new Evidence(9)
        {
            LossesWithout = (_, candidates) => [.. candidates.Select(layer => layer == 4 ? 3.0 : double.NaN)],
        };
        Assert.Equal([4], InterlaceLoss.Select(evidence, 1, new()).Drop);
        Assert.Contains("no number", Assert.Throws<PlanException>(() => InterlaceLoss.Select(evidence, 2, new())).Message);
        string missing = Assert.Throws<PlanException>(() => Methods.Plan("interlace-loss", new(9), 0.25)).Message;
        Assert.Contains("plan RUN --measure", missing, StringComparison.Ordinal);
        Assert.Contains("--evidence interlace-loss", missing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void The_search_on_a_model_is_that_of_pruning_each_candidate_s_checkpoint(int guarded)
    {
        using var scratch = new ScratchFolder();
        using var prepared = new PreparedSamples(TinyCheckpoints.Text, 3);
        var samples = prepared.Encoded(Enumerable.Range(0, 3));
        int layers = prepared.Loaded.Model.Layers.Count, made = 0;
        double Pruned(IEnumerable<int> removed)
        {
            string folder = scratch.At($"{made++}");
            LayerRemoval.Prune(prepared.Loaded.Folder, PruningPlan.Create(layers, removed, []), folder);
            using var child = LoadedModel.Open(folder, CPU, ScalarType.Float32);
            return PlainLosses.Mean(child.Model, samples, Enumerable.Range(0, child.Model.Layers.Count));
        }
        var expected = Plainly(layers, guarded, 2, Pruned)!;
        using var losses = new LayerLosses(prepared.Loaded.Model, samples);
        var evidence = new Evidence(layers)
        {
            ProtectedLayers = guarded,
            LossesWithout = (removed, candidates) => losses.Each([.. Enumerable.Range(0, layers).Except(removed)], candidates),
        };
        var plan = InterlaceLoss.Select(evidence, 2, new());
        Assert.Equal(expected.Select(pick => (pick.Drop, pick.Tune)),
            plan.Origin.Choices.Select(choice => (choice.Drop[0], choice.Tune[0])));
        foreach (var (pick, choice) in expected.Zip(plan.Origin.Choices)) Assert.Equal(pick.Loss, choice.Score!.Value, 1e-5 * pick.Loss);
    }

    /// <summary>The rule as it is written down: every open triplet, every layer of its first two. Null: there is no way to K.</summary>
    private static List<(int Drop, int Tune, double Loss)>? Plainly(int layers, int guarded, int count, Func<IEnumerable<int>, double> loss)
    {
        var picks = new List<(int Drop, int Tune, double Loss)>();
        var assigned = new HashSet<int>();
        for (int round = 0; round < count; round++)
        {
            (int Start, int Drop, double Loss)? best = null;
            var known = new Dictionary<int, double>();
            for (int start = guarded; start + 3 <= layers; start++)
            {
                int[] triplet = [start, start + 1, start + 2];
                if (triplet.Any(assigned.Contains) || Packed(layers, guarded, [.. assigned, .. triplet]) < count - round - 1) continue;
                foreach (int drop in triplet[..2])
                {
                    if (!known.TryGetValue(drop, out double value))
                        known[drop] = value = loss(picks.Select(pick => pick.Drop).Append(drop));
                    if (best is null || value < best.Value.Loss) best = (start, drop, value);   // starts and layers ascend
                }
            }
            if (best is not var (first, dropped, lowest)) return null;
            picks.Add((dropped, dropped == first ? first + 1 : first, lowest));
            assigned.UnionWith([first, first + 1, first + 2]);
        }
        return picks;
    }

    private static int Packed(int layers, int guarded, HashSet<int> assigned)
    {
        int packed = 0;
        for (int start = guarded; start + 3 <= layers;)
        {
            bool free = !assigned.Contains(start) && !assigned.Contains(start + 1) && !assigned.Contains(start + 2);
            packed += free ? 1 : 0;
            start += free ? 3 : 1;
        }
        return packed;
    }

    /// <summary>Most layers that units can drop, by trying every place, every length of a run and the tuned layer at either end.</summary>
    private static int Deepest(Evidence evidence, int longest, HashSet<int> assigned, HashSet<int> dropped)
    {
        int most = dropped.Count;
        for (int first = evidence.ProtectedLayers; first < evidence.LayerCount; first++)
            for (int run = 1; run <= longest && first + run + 2 <= evidence.LayerCount; run++)
            {
                int[] layers = [.. Enumerable.Range(first, run + 2)];
                if (assigned.Count > 0 && first <= assigned.Max() || layers.Any(assigned.Contains)) continue;
                foreach (int[] drop in new[] { layers[..run], layers[1..(run + 1)] })
                    if (drop.All(evidence.IsDroppable))
                        most = Math.Max(most, Deepest(evidence, longest, [.. assigned, .. layers], [.. dropped, .. drop]));
            }
        return most;
    }

    /// <summary>Runs of dropped layers between layers that stay.</summary>
    private static IEnumerable<int[]> Runs(PruningPlan plan) =>
        Interlace.Pruning.Bridging.DroppedRun.Of(plan).Select(run => run.Layers);

    /// <summary>A loss for every set of layers.</summary>
    private static double Invented(int seed, IEnumerable<int> removed, int steps)
    {
        ulong hash = removed.Order().Aggregate((ulong)(uint)seed + 17, (sum, layer) => sum * 1_000_003 + (ulong)layer + 1);
        return 1 + new SplitMix64(hash).Next(steps);
    }

    private static JsonObject Read(string model) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Shared.Root, "models", model, "loss-choice.json")))!.AsObject();
}
