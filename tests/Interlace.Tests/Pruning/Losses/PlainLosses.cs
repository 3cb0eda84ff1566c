using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Losses;

/// <summary>The losses by the plain way: each sample by itself, from the pixels on, through the model that the pruned checkpoint would be, with all logits at once.</summary>
internal static class PlainLosses
{
    public static double Mean(VisionLanguageModel model, IEnumerable<EncodedSample> samples, params IEnumerable<int> kept)
    {
        using var _ = no_grad();
        using var pruned = model.Keep([.. kept]);
        double sum = 0;
        long tokens = 0;
        foreach (var sample in samples)
        {
            using var scope = NewDisposeScope();
            using var batch = Batch.Pack([sample], CPU);
            Tensor logits = pruned.Logits(pruned.Hidden(batch)).index_select(0, batch.AnswerRows);
            sum += nn.functional.cross_entropy(logits, batch.AnswerIds, reduction: nn.Reduction.Sum).item<float>();
            tokens += batch.AnswerIds.shape[0];
        }
        return sum / tokens;
    }

    /// <summary>SLEB's search as its authors wrote it down: a complete pass for every candidate of every round.</summary>
    public static (List<int> Removed, List<double[]> Losses) Search(VisionLanguageModel model, EncodedSample[] samples, int protectedLayers, int rounds)
    {
        var (alive, removed, all) = (Enumerable.Range(0, model.Layers.Count).ToList(), new List<int>(), new List<double[]>());
        for (int round = 0; round < rounds; round++)
        {
            var (lowest, at, losses) = (double.PositiveInfinity, -1, new List<double>());
            for (int j = 1; j < alive.Count - 1; j++)
            {
                if (alive[j] < protectedLayers) continue;
                losses.Add(Mean(model, samples, alive.Where((_, i) => i != j)));
                if (losses[^1] < lowest) (lowest, at) = (losses[^1], j);
            }
            all.Add([.. losses]);
            removed.Add(alive[at]);
            alive.RemoveAt(at);
        }
        return (removed, all);
    }

    /// <summary>Tunes every decoder layer on the samples, until taking one of them away matters.</summary>
    public static void Learn(VisionLanguageModel model, EncodedSample[] samples, int steps)
    {
        var tuned = TrainedParameters.Of(model, [.. Enumerable.Range(0, model.Layers.Count)]);
        using var optimiser = new AdamW(tuned.Parameters);
        var gradient = new LossGradient(model);
        using var batch = Batch.Pack(samples, CPU);
        for (int step = 0; step < steps; step++)
        {
            gradient.Accumulate(batch, 1.0 / samples.Sum(sample => Batch.CountTargets(sample)));
            optimiser.Clip(optimiser.GradientNorm(), 1);
            optimiser.Step(3e-3);
        }
    }
}
