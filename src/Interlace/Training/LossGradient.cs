using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Next-token cross-entropy of a batch and its gradient with respect to the trainable parameters, layer by layer from the top: no graph
/// below the lowest tuned layer, no weight gradients in frozen layers, and the head on answer rows in chunks, so that [tokens x vocabulary]
/// never exists.
/// </summary>
/// <param name="model">The model; trainable parameters are those after <see cref="Vlm.Blocks.Parameter.Train"/>.</param>
/// <param name="recompute">
/// Keep only the input of each layer and run the layer again in the backward pass: a third more arithmetic, a fraction of the memory. The
/// result is the same.
/// </param>
/// <param name="headRows">Rows of a chunk at the head.</param>
/// <param name="distillation">
/// Mixes the divergence from the unpruned model's predictions into the loss, and adds the difference from its states; null for
/// cross-entropy alone.
/// </param>
public sealed class LossGradient(VisionLanguageModel model, bool recompute = true, int headRows = 512, Distillation? distillation = null)
    : IObjective
{
    /// <summary>Brings the weights of layers that lie elsewhere; null where all are here.</summary>
    internal BroughtLayers? Brought { get; init; }

    /// <summary>
    /// Bytes of activations that may be kept although layers are run again: those of the upper layers, which are needed first. On a CPU the
    /// result is the same to the last bit.
    /// </summary>
    public long KeptBytes { get; init; }

    private readonly bool _trainsInput = TrainsInput(model);
    private readonly int _lowestTuned = LowestTuned(model);
    private readonly bool _embedsAlike = distillation is not null && !TrainsInput(model) && distillation.EmbedsAsIn(model);

    /// <summary>
    /// Adds the gradient of <paramref name="scale"/> times the summed loss over the batch's answer tokens to the parameters' gradients:
    /// cross-entropy, or its mixture with the divergence from the unpruned model.
    /// </summary>
    /// <returns>The summed loss, not scaled.</returns>
    public double Accumulate(Batch batch, double scale) => Accumulate(batch, scale, 0).Answers;

    /// <summary>
    /// The same, and with <paramref name="stateScale"/> times the summed squares of the differences between the states behind the anchors
    /// and those of the unpruned model, over all tokens of the batch.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="scale">What the summed loss is multiplied by.</param>
    /// <param name="stateScale">What the summed squares are multiplied by.</param>
    /// <param name="passed">Is told of each layer that has come through the backward pass; null where nobody asks.</param>
    /// <returns>Both sums, not scaled.</returns>
    public BatchLoss Accumulate(Batch batch, double scale, double stateScale, Action<int>? passed = null) =>
        Accumulate([batch], scale, stateScale, passed is null ? null : (layer, _) => passed(layer));

    /// <summary>
    /// The same for parts of a batch that go through the model at the same time. Every trained layer gets their gradients in their order,
    /// so the result does not depend on the threads.
    /// </summary>
    /// <param name="parts">The parts.</param>
    /// <param name="scale">What the summed loss is multiplied by.</param>
    /// <param name="stateScale">What the summed squares are multiplied by.</param>
    /// <param name="passed">
    /// Is told of each layer that a part has come through, before the next part adds to it, and whether the part is the last one.
    /// </param>
    /// <returns>Both sums, not scaled.</returns>
    public BatchLoss Accumulate(IReadOnlyList<Batch> parts, double scale, double stateScale, Action<int, bool>? passed = null)
    {
        var losses = new BatchLoss[parts.Count];
        SideBySide.Run(parts.Count, turn =>
        {
            bool isLast = turn.Index == parts.Count - 1;
            losses[turn.Index] = Accumulate(parts[turn.Index], scale, stateScale, turn, headRows / parts.Count,
                passed is null ? null : layer => passed(layer, isLast));
        });
        return losses.Aggregate((all, one) => all + one);
    }

    // Weights that are brought stand in one place; a head that is trained gets gradients at both ends of a pass, where parts have no order.
    bool IObjective.TakesParts => Brought is null && distillation?.Brought is null && !TrainsHead(model);

    private BatchLoss Accumulate(Batch batch, double scale, double stateScale, SideBySide.Turn turn, int headRows, Action<int>? passed)
    {
        using var scope = NewDisposeScope();
        using var inputGradient = _trainsInput ? enable_grad() : (IDisposable)no_grad();
        var (x, pass) = model.Embed(batch);
        using (pass)
        using (no_grad())
        {
            Tensor x0 = x.alias();
            var taught = _embedsAlike ? distillation!.Teach(batch, x0, pass.Added) : distillation?.Teach(batch);
            bool hasGraph = x0.requires_grad;   // not where the projector alone is trained and nothing of the batch is an image
            int lowest = hasGraph ? 0 : _lowestTuned;
            var anchors = taught?.States.Count > 0 ? new AnchorLoss(taught.States, stateScale, lowest) : null;
            var sweep = new LayerSweep(model, pass, lowest, Lowest, KeptFrom(batch.TokenCount), hasGraph ? x0 : null, Brought, anchors,
                turn);
            Tensor hidden = model.Hidden(x.detach(), pass, sweep.Up);
            var (total, gradient) = Head(hidden, batch, scale, taught?.Rows, Math.Max(1, headRows));
            hidden.Dispose();
            taught?.Rows?.Dispose();
            sweep.Down(gradient, passed);
            return new(total.item<double>(), anchors?.Sum ?? 0);   // read here: the way down does not wait for it
        }
    }

    /// <summary>The summed cross-entropy over the batch's answer tokens, without gradients.</summary>
    public double Loss(Batch batch)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor hidden = model.Hidden(batch, Brought is null ? null
            : (l, layer, x) => Brought.With(l, l + 1 < model.Layers.Count ? l + 1 : null, () => layer(x)));
        return AnswerLoss.Sum(model, hidden, batch, headRows);
    }

    void IObjective.Follow(bool backward, Action<int>? passed)
    {
        if (Brought is null) return;
        Brought.Follow(0, model.Layers.Count - 1);
        if (backward && Lowest < model.Layers.Count) Brought.Follow(model.Layers.Count - 1, Lowest, passed);
    }

    /// <summary>The lowest layer that a batch of any rank may need a gradient in.</summary>
    private int Lowest => _trainsInput ? 0 : _lowestTuned;

    /// <summary>The lowest layer whose graph is kept.</summary>
    private int KeptFrom(long tokens)
    {
        if (!recompute) return 0;
        long kept = KeptBytes / MemoryEstimate.LayerGraph(model, tokens);
        return (int)Math.Max(0, model.Layers.Count - kept);
    }

    /// <summary>Its answer tokens.</summary>
    public long Terms(Batch batch) => batch.AnswerRows.shape[0];

    private (Tensor Loss, Tensor Gradient) Head(Tensor hidden, Batch batch, double scale, Tensor? parentRows, int headRows)
    {
        using var timed = Profile.Of("loss");
        Tensor gradient = zeros_like(hidden), total = zeros([], ScalarType.Float64, hidden.device);
        Tensor rows = hidden.index_select(0, batch.AnswerRows);
        for (long at = 0; at < rows.shape[0]; at += headRows)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(headRows, rows.shape[0] - at);
            Tensor part = rows.narrow(0, at, count).detach().clone().requires_grad_();
            using (enable_grad())
            {
                Tensor logits = model.Logits(part), ids = batch.AnswerIds.narrow(0, at, count);
                var taught = parentRows is null ? null : distillation!.Predictions(parentRows.narrow(0, at, count));
                total.Add(Interruptible.Run(() => AnswerLoss.Backward(logits, ids, scale, taught), model.Cancellation));
            }
            gradient.index_copy_(0, batch.AnswerRows.narrow(0, at, count), part.grad!);
        }
        return (total, gradient);
    }

    private static bool TrainsInput(VisionLanguageModel model) => TrainedOutsideLayers(model).Any();

    private static bool TrainsHead(VisionLanguageModel model) => TrainedOutsideLayers(model).Except(model.Projector).Any();

    private static IEnumerable<Parameter> TrainedOutsideLayers(VisionLanguageModel model) =>
        model.Parameters.Where(parameter => parameter.IsTrainable).Except(model.Layers.SelectMany(layer => layer.Parameters));

    /// <summary>The lowest layer with a trainable parameter; the number of layers where only others are trained.</summary>
    private static int LowestTuned(VisionLanguageModel model)
    {
        int lowest = model.Layers.Index().Where(layer => TrainedParameters.AreIn(layer.Item)).Select(layer => layer.Index)
            .DefaultIfEmpty(model.Layers.Count).First();
        return lowest < model.Layers.Count || TrainsInput(model) ? lowest
            : throw new InputException("There is nothing to tune: no parameter of the model is trainable.");
    }
}
