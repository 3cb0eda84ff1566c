using Interlace.Calibration;
using Interlace.Data;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Pruning.Bridging;

/// <summary>
/// The samples on their way through two models side by side: the whole one, and the one without the dropped layers. At each run of dropped
/// layers both wait on the disk; the bridge there is measured on what the bridges below have made of the pruned model, which is why one
/// pass over the samples cannot serve for all. Memory holds one batch and the sums of one bridge.
/// </summary>
/// <param name="model">The whole model; bridges are put into its weights as they are found.</param>
/// <param name="parent">Its files, which are only read.</param>
/// <param name="plan">What is dropped.</param>
/// <param name="folder">An existing folder for the samples' states.</param>
/// <param name="progress">Reports after each pass of a batch.</param>
/// <param name="cancellation">Ends between two passes.</param>
internal sealed class BridgeWalk(VisionLanguageModel model, Checkpoint parent, PruningPlan plan, string folder,
    IProgress<StageProgress>? progress = null, CancellationToken cancellation = default)
{
    private readonly VisionLanguageModel _pruned = model.Keep([.. plan.Kept]);
    private readonly DroppedRun[] _runs = [.. DroppedRun.Of(plan).Where(run => run.Before >= 0)];
    private readonly List<(PausedPass Whole, PausedPass Pruned)> _passes = [];
    private long _done;

    /// <summary>Samples on their way.</summary>
    public int Samples => _passes.Sum(pass => pass.Whole.Samples);

    /// <summary>Their tokens.</summary>
    public long Tokens => _passes.Sum(pass => (long)pass.Whole.Tokens);

    /// <summary>Layers that stand before any that is dropped, the last of them left out: there both models are the same.</summary>
    private int Common => Math.Max(0, plan.Drop[0] - 1);

    /// <summary>Takes the samples, in batches of a token budget, to the first run of dropped layers.</summary>
    /// <param name="samples">The samples, in order.</param>
    /// <param name="skipped">Receives what is left out, as the samples are read.</param>
    /// <param name="batchTokens">Tokens of a batch; a longer sample stands alone.</param>
    /// <param name="total">Samples there are, for the progress.</param>
    /// <param name="needRoom">Given the bytes of each batch before they are written; refuses where there is no room for them.</param>
    /// <param name="filtered">What is left out before the samples come here, told where none is left.</param>
    /// <exception cref="InputException">There is no sample.</exception>
    public void Begin(IEnumerable<LoadedSample> samples, SkipCounts skipped, int batchTokens, long total, Action<long> needRoom,
        SkipCounts filtered)
    {
        foreach (var (batch, _, _) in CalibrationBatch.Of(samples, skipped, batchTokens))
        {
            cancellation.ThrowIfCancellationRequested();
            EncodedSample[] encoded = [.. batch.Select(sample => sample.Encoded)];
            needRoom(2 * PausedPass.LargestSize(model, encoded));
            var whole = PausedPass.Begin(model, encoded, Path.Combine(folder, $"{_passes.Count}"));
            whole.Advance(0, Common);
            _passes.Add((whole, whole.Branch(_pruned, Path.Combine(folder, $"{_passes.Count}.pruned"))));
            progress?.Report(new("embed", batch[^1].Index + 1, total, "samples", $"{Tokens:N0} tokens"));
        }
        if (_passes.Count == 0) throw new SkipCounts([.. skipped, .. filtered]).NoneLeft();
    }

    /// <summary>Makes the bridges from the lowest to the highest.</summary>
    /// <param name="ridge">As of <see cref="BridgeSums.Solve"/>.</param>
    /// <param name="values">Receives the new weights, by the parent's names and in the parent's types.</param>
    /// <exception cref="NotANumberException">What a layer gives is no number.</exception>
    public IReadOnlyList<BridgedLayer> Run(double ridge, IDictionary<string, Tensor> values)
    {
        var bridged = new List<BridgedLayer>();
        (int whole, int pruned) = (Common, Common);   // the layers before which the samples stand
        foreach (var (i, run) in _runs.Index())
        {
            int place = plan.NewIndex(run.Before)!.Value;
            using var sums = new BridgeSums(model.HiddenSize, model.Device);
            double before = 0, wanted = 0;
            foreach (var pass in Each(run))
            {
                pass.Whole.Advance(whole, run.After);
                pass.Pruned.Advance(pruned, place);
                var (error, size) = Measure(pass.Whole, pass.Pruned, run, place, sums);
                (before, wanted) = (before + error, wanted + size);
            }
            if (!double.IsFinite(before)) throw NoNumber(run.Before);
            using (Tensor bridge = sums.Solve(ridge)) Multiply(run.Before, bridge, values);
            double after = 0;
            foreach (var pass in Each(run)) after += Remaining(pass.Whole, pass.Pruned, run, place, store: i + 1 < _runs.Length);
            if (!double.IsFinite(after)) throw NoNumber(run.Before);
            bridged.Add(new(run.Before, run.Layers, Relative(before, wanted), Relative(after, wanted)));
            (whole, pruned) = (run.After, place + 1);
        }
        return bridged;
    }

    /// <summary>Adds a batch to the sums. -> the squared error without a bridge, and the squared size of the wanted state.</summary>
    private static (double Error, double Size) Measure(PausedPass whole, PausedPass pruned, DroppedRun run, int place, BridgeSums sums)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor wanted = Wanted(whole, pruned, run, place);
        double error = 0;
        pruned.Forward(place, observeFeedForward: (stream, output) =>
        {
            Tensor given = output.to(ScalarType.Float64);
            Tensor left = wanted.Plus(stream.to(ScalarType.Float64).neg()).Plus(given.neg());
            sums.Add(given, left);
            error = SquaredSize(left);
        }).Dispose();
        return (error, SquaredSize(wanted));
    }

    /// <summary>The squared error of a batch behind the bridged layer.</summary>
    private static double Remaining(PausedPass whole, PausedPass pruned, DroppedRun run, int place, bool store)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor wanted = Wanted(whole, pruned, run, place);
        double error = 0;
        using Tensor output = pruned.Forward(place, observeFeedForward: (stream, added) =>
            error = SquaredSize(wanted.Plus(stream.to(ScalarType.Float64).neg()).Plus(added.to(ScalarType.Float64).neg())));
        if (store) pruned.Store(output);
        return error;
    }

    /// <summary>
    /// What should stand behind the bridged layer, [N, D] in float64: the whole model's true input of the next layer that stays, visual
    /// features that enter before it included, without those that the pruned model will add at that place by itself.
    /// </summary>
    private static Tensor Wanted(PausedPass whole, PausedPass pruned, DroppedRun run, int place)
    {
        using Tensor input = whole.Input(run.After);
        return pruned.Before(place + 1, input);
    }

    /// <summary>(M T)' = T' W h': the bridge goes into the weight of the feed-forward's last linear layer, and into its bias.</summary>
    private void Multiply(int layer, Tensor bridge, IDictionary<string, Tensor> values)
    {
        var linear = model.Layers[layer].FeedForwardOutput;
        using var _ = no_grad();
        foreach (var parameter in new[] { linear.Weight, linear.Bias }.OfType<Parameter>())
        {
            using var scope = NewDisposeScope();
            var (file, entry) = parent.Find(parameter.Name);
            Tensor old = ParameterSources.Load(file, entry, model.Device).to(ScalarType.Float64);
            Tensor now = bridge.t().matmul(old).to(entry.Type.ToScalarType());
            if (!FiniteValues.In(now)) throw NoNumber(layer);
            parameter.Exchange(now.to(model.ComputeType, copy: true)).Dispose();
            values[parameter.Name] = now.cpu().DetachFromDisposeScope();
        }
    }

    private IEnumerable<(PausedPass Whole, PausedPass Pruned)> Each(DroppedRun run)
    {
        foreach (var pass in _passes)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return pass;
            model.CheckUnchanged();
            progress?.Report(new("bridge", ++_done, 2L * _runs.Length * _passes.Count, "passes",
                $"layer {run.Before} over {string.Join(", ", run.Layers)}"));
        }
    }

    private static double SquaredSize(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.mul(values).sum().item<double>();
    }

    private static double Relative(double error, double size) => size > 0 ? Math.Sqrt(error / size) : 0;

    private static NotANumberException NoNumber(int layer) =>
        new($"What the feed-forward of layer {layer} gives, or should give, is no number (NaN or infinite): "
            + "compute with --dtype fp32, or copy or download the model again.");
}
