using Interlace.Data;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Inputs;

namespace Interlace.Pruning.Losses;

/// <summary>
/// The mean cross-entropy over the answer tokens of some samples with one or more layers left out,
/// as the pruned and renumbered model computes it (visual features enter by position).
/// </summary>
/// <remarks>
/// The order of the loops. With candidates outside and batches inside,
/// a candidate can be given up as soon as its sum passes the best complete one, but the residual streams of all batches would have to
/// lie in memory at every depth. With batches outside they need not, but no candidate is complete before the last batch,
/// so that there is nothing to pass. Hence: all candidates on the first batch; the one that
/// leads there alone over all other batches, which makes a first complete sum, mostly the lowest;
/// then batches outside and the candidates that can still win inside.
/// Batches with many answer tokens for their length come first: losses grow fastest there.
/// What the streams of a batch need is kept from one round to the next as far as a bound on memory allows,
/// and made again elsewhere; that changes nothing but the time.
/// </remarks>
public sealed class LayerLosses : IDisposable
{
    private const int LeastBatches = 16;   // with fewer, giving up early would hardly save anything

    private readonly VisionLanguageModel _model;
    private readonly (StreamedBatch Batch, bool Kept)[] _batches;
    private readonly RankGroup _ranks;
    private bool _broken;   // off in the middle of what the ranks do together: the others are not where they could be let go

    /// <param name="model">The model with all its layers.</param>
    /// <param name="samples">The samples; those without an answer are passed over.</param>
    /// <param name="batchTokens">Most tokens of a pass; a longer sample stands alone.</param>
    /// <param name="keptBytes">Most bytes of residual streams that are kept between rounds.</param>
    /// <param name="ranks">
    /// The ranks that share the passes: the leader's members must be in <see cref="Join"/>, with the same samples, until the leader
    /// disposes its losses. This process alone where absent.
    /// </param>
    /// <exception cref="InputException">No sample has an answer.</exception>
    public LayerLosses(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples, int batchTokens = 4096, long keptBytes = 2L << 30,
        RankGroup? ranks = null)
    {
        _ranks = ranks ?? RankGroup.Alone;
        EncodedSample[] ordered = [.. samples.Where(sample => Batch.CountTargets(sample) > 0)
            .OrderByDescending(sample => (double)Batch.CountTargets(sample) / sample.Length)];
        if (ordered.Length == 0) throw new InputException("No sample of the data has an answer to take a loss on.");
        long share = ordered.Sum(sample => (long)sample.Length) / LeastBatches;
        var places = Batcher.ByTokens([.. ordered.Select(sample => sample.Length)], (int)Math.Clamp(share, 1, batchTokens));
        StreamedBatch[] batches = [.. places.Select(place => new StreamedBatch(model, [.. place.Select(i => ordered[i])]))];
        _batches = Array.ConvertAll(batches, batch => (batch, (keptBytes -= batch.Bytes) >= 0));
        _model = model;
        AnswerTokens = batches.Sum(batch => batch.AnswerTokens);
    }

    /// <summary>Tokens that the mean is over.</summary>
    public long AnswerTokens { get; }

    /// <summary>Batches that a complete loss goes over.</summary>
    public int BatchCount => _batches.Length;

    /// <summary>The mean loss of the layers that are there.</summary>
    /// <param name="alive">The layers, ascending.</param>
    /// <param name="cancellation">Ends after a batch.</param>
    public double Of(IReadOnlyList<int> alive, CancellationToken cancellation = default)
    {
        int[] layers = Checked(alive);
        LossPass[] passes = [.. _batches.Select((_, b) => new LossPass(b))];
        return (IsShared ? Shared(layers, passes, cancellation) : Sums(layers, passes, cancellation)).Sum() / AnswerTokens;
    }

    /// <summary>A member's part: makes the passes that the leader asks of it.</summary>
    public void Join() => SharedPasses.Join(_ranks.Collective, (alive, own) => Sums(alive, own, CancellationToken.None));

    /// <summary>The mean loss without each of the candidates.</summary>
    /// <param name="alive">The layers that are there, ascending.</param>
    /// <param name="candidates">Some of them, each of which is left out by itself, ascending.</param>
    /// <param name="passed">Called with how many of the passes (candidates times batches) are behind it.</param>
    /// <param name="cancellation">Ends after a pass.</param>
    /// <returns>[candidates].</returns>
    /// <exception cref="NotANumberException">One of the losses is no number.</exception>
    public double[] Without(IReadOnlyList<int> alive, IReadOnlyList<int> candidates, Action<long>? passed = null,
        CancellationToken cancellation = default)
    {
        double[] means = Each(alive, candidates, passed, cancellation);
        if (Array.FindIndex(means, mean => !double.IsFinite(mean)) is >= 0 and int wrong)
        {
            throw new NotANumberException($"The loss without decoder layer {candidates[wrong]} is no number (NaN or infinite): "
                + "compute with --dtype fp32.");
        }
        return means;
    }

    /// <summary>The same, with NaN for a loss that is no number.</summary>
    /// <param name="alive">The layers that are there, ascending.</param>
    /// <param name="candidates">Some of them, each of which is left out by itself, ascending.</param>
    /// <param name="passed">Called with how many of the passes (candidates times batches) are behind it.</param>
    /// <param name="cancellation">Ends after a pass.</param>
    /// <returns>[candidates].</returns>
    public double[] Each(IReadOnlyList<int> alive, IReadOnlyList<int> candidates, Action<long>? passed = null,
        CancellationToken cancellation = default)
    {
        var race = new Race(this, Checked(alive), candidates, givesUp: false, passed, cancellation);
        for (int b = 0; b < _batches.Length; b++) race.Run(b, Enumerable.Range(0, candidates.Count));
        return race.Means();
    }

    /// <summary>
    /// The candidate without which the loss is lowest, the first of equals:
    /// the same as by <see cref="Without"/>, but a candidate is given up as soon as it cannot win, as losses are never below 0.
    /// </summary>
    /// <param name="alive">The layers that are there, ascending.</param>
    /// <param name="candidates">Some of them, each of which is left out by itself, ascending; at least one.</param>
    /// <param name="passed">Called with how many of the passes (candidates times batches) are behind it.</param>
    /// <param name="cancellation">Ends after a pass.</param>
    /// <returns>The candidate, and [candidates] the mean losses, NaN where a candidate was given up.</returns>
    /// <exception cref="InputException">No candidate's loss is a number.</exception>
    public (int Best, double[] Losses) Lowest(IReadOnlyList<int> alive, IReadOnlyList<int> candidates, Action<long>? passed = null,
        CancellationToken cancellation = default)
    {
        var race = new Race(this, Checked(alive), candidates, givesUp: true, passed, cancellation);
        race.Run(0, Enumerable.Range(0, candidates.Count));
        int leader = race.Leader();
        for (int b = 1; b < _batches.Length; b++) race.Run(b, [leader]);
        int[] others = [.. Enumerable.Range(0, candidates.Count).Where(c => c != leader)];
        for (int b = 1; b < _batches.Length; b++) race.Run(b, others);
        return double.IsFinite(race.Best) ? (candidates[race.Winner], race.Means())
            : throw new InputException("The loss is no number whichever layer is left out: "
                + "the model or the type of the computation does not fit.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (batch, _) in _batches) batch.Dispose();
        if (!IsShared || !_ranks.Leads || _broken) return;
        SharedPasses.End(_ranks.Collective);
        _ranks.Complete();
    }

    private bool IsShared => _ranks.Count > 1;

    private double[] Shared(int[] alive, IReadOnlyList<LossPass> passes, CancellationToken cancellation)
    {
        _broken = true;
        double[] sums = SharedPasses.Lead(_ranks.Collective, alive, passes, (layers, own) => Sums(layers, own, cancellation));
        _broken = false;
        return sums;
    }

    /// <summary>The summed losses of passes, those over one batch in one go.</summary>
    private double[] Sums(int[] alive, IReadOnlyList<LossPass> passes, CancellationToken cancellation)
    {
        double[] sums = new double[passes.Count];
        for (int i = 0; i < sums.Length;)
        {
            int batch = passes[i].Batch;
            i = With(batch, streamed =>
            {
                for (; i < sums.Length && passes[i].Batch == batch; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    sums[i] = streamed.Loss(alive, passes[i].Without);
                }
                return i;
            }, cancellation);
        }
        return sums;
    }

    private int[] Checked(IReadOnlyList<int> alive) =>
        alive.Zip(alive.Skip(1)).All(pair => pair.First < pair.Second) && alive is [>= 0, ..] && alive[^1] < _model.Layers.Count
        ? [.. alive]
        : throw new ArgumentException($"[{string.Join(", ", alive)}] are no layers of {_model.Layers.Count} in ascending order",
        nameof(alive));

    private T With<T>(int index, Func<StreamedBatch, T> use, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var (batch, kept) = _batches[index];
        try
        {
            T value = use(batch);
            _model.CheckUnchanged();
            return value;
        }
        finally
        {
            if (!kept) batch.Dispose();
        }
    }

    /// <summary>The running sums of the candidates of one round.</summary>
    private sealed class Race(LayerLosses losses, int[] alive, IReadOnlyList<int> candidates, bool givesUp, Action<long>? passed,
        CancellationToken cancellation)
    {
        private readonly double[] _sums = new double[candidates.Count];
        private readonly int[] _done = new int[candidates.Count];   // batches

        public int Winner { get; private set; } = -1;
        public double Best { get; private set; } = double.PositiveInfinity;

        public int Leader() => Enumerable.Range(0, _sums.Length).MinBy(c => _sums[c]);

        public double[] Means() =>
            [.. _sums.Select((sum, c) => _done[c] == losses.BatchCount && double.IsFinite(sum) ? sum / losses.AnswerTokens : double.NaN)];

        /// <summary>One more batch for those of the candidates that can still win.</summary>
        public void Run(int index, IEnumerable<int> runners)
        {
            if (!losses.IsShared)
            {
                losses.With(index, batch => Run(index, runners, c => batch.Loss(alive, candidates[c])), cancellation);
                return;
            }
            // All that can still win now are run at once. Which of them would not have been run one after the other is seen afterwards.
            int[] open = [.. runners.Where(c => _done[c] == index && CanWin(c))];
            if (open.Length == 0) return;
            double[] found = losses.Shared(alive, [.. open.Select(c => new LossPass(index, candidates[c]))], cancellation);
            Run(index, open, c => found[Array.IndexOf(open, c)]);
        }

        private int Run(int index, IEnumerable<int> runners, Func<int, double> lossOf)
        {
            foreach (int c in runners.Where(c => _done[c] == index && CanWin(c)))
            {
                cancellation.ThrowIfCancellationRequested();
                double loss = lossOf(c);
                _sums[c] += double.IsFinite(loss) ? loss : double.PositiveInfinity;
                _done[c]++;
                if (_done[c] == losses.BatchCount && CanWin(c)) (Winner, Best) = (c, _sums[c]);
                passed?.Invoke(_done.Select((done, other) => (long)(CanWin(other) ? done : losses.BatchCount)).Sum());
            }
            return 0;
        }

        // The first of equals wins, as in a plain loop.
        private bool CanWin(int c) => !givesUp || _sums[c] < Best || _sums[c] == Best && c < Winner;
    }
}
