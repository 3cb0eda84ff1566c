using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Next-token cross-entropy of a batch and its gradient with respect to the trainable parameters, layer by layer from the top: no graph
/// below the lowest tuned layer, no weight gradients in frozen layers, and the head on answer rows in chunks, so that [tokens x vocabulary]
/// never exists.
/// </summary>
/// <param name="model">The model; trainable parameters are those after <see cref="Parameter.Train"/>.</param>
/// <param name="recompute">
/// Keep only the input of each layer and run the layer again in the backward pass: a third more arithmetic, a fraction of the memory. The
/// result is the same.
/// </param>
/// <param name="headRows">Rows of a chunk at the head.</param>
/// <param name="distillation">
/// Mixes the divergence from the unpruned model's predictions into the loss; null for cross-entropy alone.
/// </param>
public sealed class LossGradient(VisionLanguageModel model, bool recompute = true, int headRows = 512, Distillation? distillation = null)
{
    private readonly int _lowest = LowestTuned(model);
    private readonly bool _trainsInput = TrainsInput(model);

    /// <summary>
    /// Adds the gradient of <paramref name="scale"/> times the summed loss over the batch's answer tokens to the parameters' gradients:
    /// cross-entropy, or its mixture with the divergence from the unpruned model.
    /// </summary>
    /// <returns>The summed loss, not scaled.</returns>
    public double Accumulate(Batch batch, double scale)
    {
        using var scope = NewDisposeScope();
        using Tensor? parentRows = distillation?.Rows(batch);
        var passes = new LayerPass[model.Layers.Count];
        using var inputGradient = _trainsInput ? enable_grad() : (IDisposable)no_grad();
        var (x, shared) = model.Embed(batch);
        using (shared)
        using (no_grad())
        {
            Tensor x0 = x.alias();
            Tensor hidden = model.Hidden(x.detach(), shared, (l, layer, input) => l < _lowest
                ? layer(input) : Forward(passes, l, layer, input));
            var (loss, gradient) = Head(hidden, batch, scale, parentRows);
            hidden.Dispose();
            var levels = new Tensor?[model.AddedLevels];
            if (_trainsInput) KeepLevel(model.Layers.Count, shared, gradient, levels);
            for (int l = model.Layers.Count - 1; l >= _lowest; l--) gradient = Backward(passes[l], l, shared, gradient, levels);
            if (_trainsInput) BackwardInput(x0, shared, gradient, levels);
            return loss;
        }
    }

    /// <summary>The summed cross-entropy over the batch's answer tokens, without gradients.</summary>
    public double Loss(Batch batch)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return AnswerLoss.Sum(model, model.Hidden(batch), batch, headRows);
    }

    // Input of a layer, and its output with the graph between them unless that is recomputed.
    private readonly record struct LayerPass(Tensor Input, Tensor? Output);

    private Tensor Forward(LayerPass[] passes, int l, Func<Tensor, Tensor> layer, Tensor input)
    {
        Tensor kept = input.detach().alias();
        if (recompute)
        {
            passes[l] = new LayerPass(kept, null);
            return layer(input);
        }
        using (enable_grad())
        {
            kept = kept.requires_grad_(l > _lowest || _trainsInput);
            passes[l] = new LayerPass(kept, layer(kept));
            return passes[l].Output!.detach().alias();
        }
    }

    private Tensor Backward(LayerPass pass, int l, Pass shared, Tensor gradient, Tensor?[] levels)
    {
        Tensor result;
        using (enable_grad())
        {
            Tensor input = pass.Input.requires_grad_(l > _lowest || _trainsInput);
            Tensor output = pass.Output ?? model.Layers[l].Forward(input, shared, l);
            output.backward([gradient]);
            result = input.grad?.alias() ?? gradient;
            output.Dispose();
            pass.Input.Dispose();
        }
        if (!ReferenceEquals(result, gradient)) gradient.Dispose();
        if (_trainsInput) KeepLevel(l, shared, result, levels);
        return result;
    }

    /// <summary>What entered before layer l (l = L: before the head) takes its rows of the gradient there.</summary>
    private static void KeepLevel(int l, Pass shared, Tensor gradient, Tensor?[] levels)
    {
        if (l > 0 && shared.Added is { } added && l <= added.Levels.Count) levels[l - 1] = gradient.index_select(0, added.Rows);
    }

    private static void BackwardInput(Tensor x0, Pass shared, Tensor gradient, Tensor?[] levels)
    {
        var (outputs, gradients) = (new List<Tensor> { x0 }, new List<Tensor> { gradient });
        for (int i = 0; i < levels.Length; i++)
        {
            if (levels[i] is not { } level || !shared.Added!.Levels[i].requires_grad) continue;
            outputs.Add(shared.Added.Levels[i]);
            gradients.Add(level);
        }
        autograd.backward(outputs, gradients);
    }

    private (double Loss, Tensor Gradient) Head(Tensor hidden, Batch batch, double scale, Tensor? parentRows)
    {
        Tensor gradient = zeros_like(hidden), total = zeros([], ScalarType.Float64, hidden.device);
        Tensor rows = hidden.index_select(0, batch.AnswerRows);
        for (long at = 0; at < rows.shape[0]; at += headRows)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(headRows, rows.shape[0] - at);
            Tensor part = rows.narrow(0, at, count).detach().clone().requires_grad_();
            using (enable_grad())
            {
                Tensor logits = model.Logits(part), loss = AnswerLoss.CrossEntropy(logits, batch.AnswerIds.narrow(0, at, count));
                if (parentRows is not null) loss = distillation!.Mix(loss, logits, parentRows.narrow(0, at, count));
                loss.Times(scale).backward();
                total.Add(loss.detach());
            }
            gradient.index_copy_(0, batch.AnswerRows.narrow(0, at, count), part.grad!);
        }
        return (total.item<double>(), gradient);
    }

    private static bool TrainsInput(VisionLanguageModel model)
    {
        var layers = model.Layers.SelectMany(layer => layer.Parameters).ToHashSet();
        return model.Parameters.Any(parameter => parameter.IsTrainable && !layers.Contains(parameter));
    }

    private static int LowestTuned(VisionLanguageModel model)
    {
        if (TrainsInput(model)) return 0;
        int lowest = model.Layers.Index().Where(layer => layer.Item.Parameters.Any(p => p.IsTrainable)).Select(layer => layer.Index)
            .DefaultIfEmpty(-1).First();
        return lowest >= 0 ? lowest : throw new InputException("There is nothing to tune: no parameter of the model is trainable.");
    }
}
