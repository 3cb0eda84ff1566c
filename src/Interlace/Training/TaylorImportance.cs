using System.Runtime.InteropServices;
using Interlace.Data;
using Interlace.Jobs;
using Interlace.Ranks;
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
    private const long Memory = 8L << 30;

    /// <summary>Measures.</summary>
    /// <param name="model">The model, whose weights are afterwards what they were.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="batchTokens">Most tokens of a pass; a longer sample stands alone.</param>
    /// <param name="memory">Most bytes of the weights and gradients that are held at once; one layer at least.</param>
    /// <param name="ranks">
    /// The ranks that share the groups of layers, which the leader's members <see cref="Join"/>; this process alone where absent.
    /// </param>
    /// <param name="progress">Reports after each pass.</param>
    /// <param name="cancellation">Ends after a pass.</param>
    /// <returns>[L] the sums, and the mean loss with all layers.</returns>
    /// <exception cref="InputException">No sample has an answer, or a loss or gradient is no number.</exception>
    public static (double[] Scores, double Loss) Measure(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples,
        int batchTokens = 4096, long memory = Memory, RankGroup? ranks = null, IProgress<StageProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var work = new Work(model, samples, batchTokens, memory, (ranks ??= RankGroup.Alone).Count);
        double[] scores = new double[model.Layers.Count];
        double loss = 0;
        long passes = 0, all = (long)work.Groups.Length * work.Batches.Count;
        void Passed() => progress?.Report(new("evidence taylor", Math.Min(++passes, all), all, "passes"));
        foreach (var (group, bytes) in Dealing.Lead(ranks, piece => piece < work.Groups.Length,
            pieces => work.Share(pieces, Passed, cancellation), cancellation))
        {
            double[] numbers = MemoryMarshal.Cast<byte, double>(bytes).ToArray();
            loss = numbers[0];
            foreach (var (i, layer) in work.Groups[group].Index()) scores[layer] = numbers[1 + i];
        }
        return (scores, loss);
    }

    /// <summary>A member's part.</summary>
    public static void Join(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples, int batchTokens, RankGroup ranks)
    {
        var work = new Work(model, samples, batchTokens, Memory, ranks.Count);
        Dealing.Join(ranks, pieces => work.Share(pieces, () => { }, CancellationToken.None));
    }

    /// <summary>The groups of layers and the batches that each goes over.</summary>
    private sealed class Work
    {
        private readonly VisionLanguageModel _model;
        private readonly EncodedSample[] _answered;
        private readonly long _answerTokens;

        public Work(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples, int batchTokens, long memory, int ranks)
        {
            _model = model;
            _answered = [.. samples.Where(sample => Batch.CountTargets(sample) > 0)];
            _answerTokens = _answered.Sum(sample => (long)Batch.CountTargets(sample));
            if (_answerTokens == 0) throw new InputException("No sample of the data has an answer to take a loss on.");
            Batches = Batcher.ByTokens([.. _answered.Select(sample => sample.Length)], batchTokens);
            long largest = model.Layers.Max(layer => layer.Parameters.Sum(parameter => parameter.Value.numel()));
            long fitting = Math.Min(memory / (BytesPerWeight * largest), (model.Layers.Count + ranks - 1) / ranks);
            Groups = [.. Enumerable.Range(0, model.Layers.Count).Chunk((int)Math.Clamp(fitting, 1, model.Layers.Count))];
        }

        public IReadOnlyList<IReadOnlyList<int>> Batches { get; }

        public int[][] Groups { get; }

        /// <summary>Of each group that is asked for: the mean loss, and the sum of each of its layers.</summary>
        public IEnumerable<(int Piece, byte[] Numbers)> Share(IEnumerable<int> pieces, Action passed, CancellationToken cancellation)
        {
            foreach (int piece in pieces)
            {
                double[] numbers = Measure(Groups[piece], passed, cancellation);
                yield return (piece, MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray());
            }
        }

        private double[] Measure(int[] group, Action passed, CancellationToken cancellation)
        {
            using var trained = new Loans([.. group.SelectMany(l => _model.Layers[l].Parameters)]);
            var gradient = new LossGradient(_model);
            double loss = 0;
            foreach (var places in Batches)
            {
                cancellation.ThrowIfCancellationRequested();
                using var batch = Batch.Pack([.. places.Select(i => _answered[i])], _model.Device);
                double sum = gradient.Accumulate(batch, 1.0 / _answerTokens);
                loss += double.IsFinite(sum) ? sum : throw FiniteValues.Refusal("The loss is no number", _model, batch);
                _model.CheckUnchanged();
                passed();
            }
            return [loss / _answerTokens, .. group.Select(ScoreOf)];
        }

        private double ScoreOf(int layer)
        {
            double score = _model.Layers[layer].Parameters.Sum(Importance);
            return double.IsFinite(score) ? score
                : throw new NotANumberException($"The gradients of decoder layer {layer} are no numbers (NaN or infinite): "
                    + "compute with --dtype fp32.");
        }
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
