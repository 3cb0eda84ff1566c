using Interlace.Data;
using Interlace.Experiments;
using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench.Figures;

/// <summary>
/// SLEB's search on the demo's model: complete passes for every candidate of every round against the search that keeps residual streams and
/// gives up what cannot win. All must find the same order. The complete passes take one sample at a time, as the authors' loop does, and,
/// which is quicker, packed ones.
/// </summary>
internal static class SlebFigures
{
    private const int Samples = 32, PlainTokens = 4096;

    /// <summary>Both comparisons.</summary>
    /// <param name="rounds">Layers that are removed.</param>
    public static IEnumerable<Figure> Run(int rounds = 2)
    {
        using var loaded = LoadedModel.Open(Repository.DemoModel, CPU, ScalarType.Float32);
        var model = loaded.Model;
        var samples = DemoSamples.Take(loaded, Samples);
        string what = $"SLEB's exact order, {rounds} rounds over {model.Layers.Count} layers, {samples.Length} samples";
        IReadOnlyList<IReadOnlyList<int>> single = Batcher.ByCount(samples.Length, 1),
            packed = Batcher.ByTokens([.. samples.Select(sample => sample.Length)], PlainTokens);
        foreach (var (name, aim, batches) in new[] { ("one sample at a time", ">= 3", single), ("packed samples", "> 1", packed) })
        {
            int[] found = [], plain = [];
            yield return Turns.Compare(what, aim, (name, () => plain = Plain(model, samples, batches, rounds)),
                ("search", () => found = Search(model, samples, rounds)), rounds: 3, warmUp: 0);
            if (!found.SequenceEqual(plain))
                throw new InvalidOperationException($"the search removes {string.Join(", ", found)}, the loop {string.Join(", ", plain)}");
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
            removed.Add(alive[1..^1].Where(layer => layer >= model.AddedLevels)
                .MinBy(layer => Loss(model, samples, batches, [.. alive.Where(other => other != layer)])));
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
