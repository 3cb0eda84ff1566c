using Interlace.Data;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// First-order importance of each decoder layer: the sum over its weights of |weight x gradient of the mean loss|,
/// the gradient being summed over all samples with its sign before the magnitude is taken
/// (Kim et al. 2024, Shortened LLM).
/// </summary>
/// <remarks>Weights and gradients in fp32 of a few layers at a time; each group of layers costs a pass over the samples.
/// The numbers do not depend on the size of the groups.</remarks>
public static class TaylorImportance
{
    private const int BytesPerWeight = 2 * sizeof(float);   // master and gradient

    /// <summary>Measures.</summary>
    /// <param name="model">The model, whose weights are afterwards what they were.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="batchTokens">Most tokens of a pass; a longer sample stands alone.</param>
    /// <param name="memory">Most bytes of the weights and gradients that are held at once; one layer at least.</param>
    /// <param name="progress">Reports after each pass.</param>
    /// <param name="cancellation">Ends after a pass.</param>
    /// <returns>[L] the sums, and the mean loss with all layers.</returns>
    /// <exception cref="InputException">No sample has an answer, or a loss or gradient is no number.</exception>
    public static (double[] Scores, double Loss) Measure(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples,
        int batchTokens = 4096, long memory = 8L << 30,
        IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
    {
        EncodedSample[] answered = [.. samples.Where(sample => Batch.CountTargets(sample) > 0)];
        long answerTokens = answered.Sum(sample => (long)Batch.CountTargets(sample));
        if (answerTokens == 0) throw new InputException("No sample of the data has an answer to take a loss on.");
        var batches = Batcher.ByTokens([.. answered.Select(sample => sample.Length)], batchTokens);
        long largest = model.Layers.Max(layer => layer.Parameters.Sum(parameter => parameter.Value.numel()));
        int[][] groups = [.. Enumerable.Range(0, model.Layers.Count)
            .Chunk((int)Math.Clamp(memory / (BytesPerWeight * largest), 1, model.Layers.Count))];

        double[] scores = new double[model.Layers.Count];
        double loss = 0;
        foreach (var (done, group) in groups.Index())
        {
            using var trained = new Loans([.. group.SelectMany(l => model.Layers[l].Parameters)]);
            var gradient = new LossGradient(model);
            loss = 0;
            foreach (var (b, places) in batches.Index())
            {
                cancellation.ThrowIfCancellationRequested();
                using var batch = Batch.Pack([.. places.Select(i => answered[i])], model.Device);
                double sum = gradient.Accumulate(batch, 1.0 / answerTokens);
                loss += double.IsFinite(sum) ? sum : throw FiniteValues.Refusal("The loss is no number", model, batch);
                model.CheckUnchanged();
                progress?.Report(new("evidence taylor", done * batches.Count + b + 1, groups.Length * batches.Count, "passes"));
            }
            foreach (int l in group)
            {
                scores[l] = model.Layers[l].Parameters.Sum(Importance);
                if (!double.IsFinite(scores[l]))
                {
                    throw new NotANumberException($"The gradients of decoder layer {l} are no numbers (NaN or infinite): "
                        + "compute with --dtype fp32.");
                }
            }
        }
        return (scores, loss / answerTokens);
    }

    private static double Importance(Parameter parameter)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return (parameter.Value * parameter.Value.grad!).abs().sum(ScalarType.Float64).item<double>();
    }

    /// <summary>Parameters that are trainable for a while.</summary>
    private sealed class Loans(IReadOnlyList<Parameter> parameters) : IDisposable
    {
        private readonly IDisposable[] _loans = [.. parameters.Select(parameter => parameter.TrainForNow())];

        public void Dispose()
        {
            foreach (var loan in _loans) loan.Dispose();
        }
    }
}
