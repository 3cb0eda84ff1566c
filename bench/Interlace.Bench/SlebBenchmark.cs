using Interlace.Data;
using Interlace.Experiments;
using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>
/// SLEB's search on the demo's model: complete passes for every candidate of every round against the search that keeps residual streams and gives up what cannot win. All must find the same order.
/// The complete passes take one sample at a time, as the authors' loop does, and, which is quicker, packed ones.
/// </summary>
internal static class SlebBenchmark
{
    private const int Samples = 32, PlainTokens = 4096;

    public static void Run(string demo, int rounds)
    {
        set_num_threads(1);
        using var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var model = loaded.Model;
        var data = DrawnData.Open(new DataOptions(Path.Combine(demo, "finevision"), Rate: 0.02), 0);
        EncodedSample[] samples = [.. data.Load(data.Source.Read(data.Draw.Rows, [], data.FilterFor(loaded.Processor)), loaded.Processor,
            [], 0, default).Take(Samples).Select(sample => sample.Encoded)];
        string title = $"{rounds} rounds over {model.Layers.Count} layers, {samples.Length} samples, {samples.Sum(s => s.Length)} tokens";
        IReadOnlyList<IReadOnlyList<int>> single = [.. Enumerable.Range(0, samples.Length).Select(i => new[] { i })], packed = Batcher.ByTokens([.. samples.Select(sample => sample.Length)], PlainTokens);
        foreach (var (name, batches) in new[] { ("one sample at a time", single), ("packed samples", packed) })
        {
            int[][] orders = new int[2][];
            Pair.Time(title, ("search", () => orders[0] = Search(model, samples, rounds)), (name, () => orders[1] = Plain(model, samples, batches, rounds)), rounds: 3, warmUp: 0);
            Console.WriteLine($"order by the search: {string.Join(", ", orders[0])}; by the plain loop: {string.Join(", ", orders[1])}");
        }
    }

    private static int[] Search(VisionLanguageModel model, EncodedSample[] samples, int rounds)
    {
        using var losses = new LayerLosses(model, samples);
        return [.. SlebSearch.Run(losses, model.Layers.Count, model.AddedLevels, rounds, []).Select(round => round.Removed)];
    }

    private static int[] Plain(VisionLanguageModel model, EncodedSample[] samples, IReadOnlyList<IReadOnlyList<int>> batches, int rounds)
    {
        var (alive, removed) = (Enumerable.Range(0, model.Layers.Count).ToList(), new List<int>());
        for (int round = 0; round < rounds; round++)
        {
            removed.Add(alive[1..^1].Where(layer => layer >= model.AddedLevels).MinBy(layer => Loss(model, samples, batches, [.. alive.Where(other => other != layer)])));
            alive.Remove(removed[^1]);
        }
        return [.. removed];
    }

    private static double Loss(VisionLanguageModel model, EncodedSample[] samples, IReadOnlyList<IReadOnlyList<int>> batches, int[] kept)
    {
        using var _ = no_grad();
        using var pruned = model.Keep(kept);
        double sum = 0;
        foreach (var places in batches)
        {
            using var scope = NewDisposeScope();
            using var batch = Batch.Pack([.. places.Select(i => samples[i])], CPU);
            sum += AnswerLoss.Sum(pruned, pruned.Hidden(batch), batch);
        }
        return sum;
    }
}
