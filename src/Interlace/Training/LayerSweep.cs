using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// One pass up and down the decoder layers. Up: each layer's input is kept, and its graph unless it runs again on the way down. Down: from
/// the top, one layer at a time gives the gradients of its trained weights and of its input.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="pass">What its layers share.</param>
/// <param name="lowest">The lowest layer that needs a gradient; those below run once and keep nothing.</param>
/// <param name="bottom">The lowest layer that a batch of any rank may need a gradient in: so far down brought layers come.</param>
/// <param name="keptFrom">From this layer on up graphs are kept; of those below inputs alone.</param>
/// <param name="embedded">X0 [N, D] where it was made with a graph, for the gradients of what made it; else null.</param>
/// <param name="brought">Brings the weights of layers that lie elsewhere; null where all are here.</param>
/// <param name="anchors">Looks at the states on the way up and adds to the gradients on the way down; null where nothing does.</param>
/// <param name="turn">Among other sweeps over the same weights: a layer's gradients are added behind those of the one before.</param>
internal sealed class LayerSweep(VisionLanguageModel model, Pass pass, int lowest, int bottom, int keptFrom, Tensor? embedded,
    BroughtLayers? brought, AnchorLoss? anchors, SideBySide.Turn turn)
{
    private readonly Kept[] _kept = new Kept[model.Layers.Count];
    private readonly Tensor?[] _levels = new Tensor?[model.AddedLevels];   // gradients of what enters between the layers

    /// <summary>Runs a layer on its way up, without a graph behind its output.</summary>
    public Tensor Up(int l, Func<Tensor, Tensor> layer, Tensor input)
    {
        Tensor output = brought?.With(l, l + 1 < model.Layers.Count ? l + 1 : null, () => Run(l, layer, input)) ?? Run(l, layer, input);
        anchors?.Compare(l, output);
        return output;
    }

    /// <summary>
    /// Goes down from the gradient [N, D] behind the last layer, which it frees; gradients of trained parameters are added to theirs.
    /// </summary>
    /// <param name="gradient">The gradient.</param>
    /// <param name="passed">Is told of each layer that is through.</param>
    public void Down(Tensor gradient, Action<int>? passed)
    {
        KeepLevel(model.Layers.Count, gradient);
        for (int l = model.Layers.Count - 1; l >= lowest; l--)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            anchors?.AddTo(l, gradient);
            if (TrainedParameters.AreIn(model.Layers[l])) turn.Wait(l);
            Tensor above = gradient;
            Tensor Backward() => Interruptible.Run(() => Down(l, above), pass.Cancellation);
            gradient = brought?.With(l, l > bottom ? l - 1 : null, Backward) ?? Backward();
            passed?.Invoke(l);
            turn.Pass(l);
            KeepLevel(l, gradient);
        }
        if (lowest > bottom) brought?.Follow(lowest - 1, bottom);
        if (embedded is null) return;
        turn.Wait(int.MinValue);   // until the sweep before is done with all of it
        BackwardInput(embedded, gradient);
    }

    // Input of a layer, and its output with the graph between them unless that is recomputed.
    private readonly record struct Kept(Tensor Input, Tensor? Output);

    private bool NeedsInputGradient(int l) => l > lowest || embedded is not null;

    private Tensor Run(int l, Func<Tensor, Tensor> layer, Tensor input)
    {
        if (l < lowest) return layer(input);
        Tensor kept = input.detach();
        if (l < keptFrom)
        {
            _kept[l] = new(kept, null);
            return layer(input);
        }
        using (enable_grad())
        {
            kept = kept.requires_grad_(NeedsInputGradient(l));
            _kept[l] = new(kept, layer(kept));
            return _kept[l].Output!.detach();
        }
    }

    private Tensor Down(int l, Tensor gradient)
    {
        using var part = Profile.Of("backward");
        using var scope = NewDisposeScope();   // gradients on their way through our own functions belong to it
        Tensor result;
        using (enable_grad())
        {
            Tensor input = _kept[l].Input.requires_grad_(NeedsInputGradient(l));
            Tensor output = _kept[l].Output ?? model.Layers[l].Forward(input, pass, l);
            output.backward([gradient]);
            result = input.grad?.alias() ?? gradient;
            output.Dispose();
            input.Dispose();
        }
        if (ReferenceEquals(result, gradient)) return gradient;
        gradient.Dispose();
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>What entered before layer l (l = L: before the head) takes its rows of the gradient there.</summary>
    private void KeepLevel(int l, Tensor gradient)
    {
        if (embedded is null || l == 0 || pass.Added is not { } added || l > added.Levels.Count) return;
        _levels[l - 1] = gradient.index_select(0, added.Rows);
    }

    private void BackwardInput(Tensor x0, Tensor gradient)
    {
        var (outputs, gradients) = (new List<Tensor> { x0 }, new List<Tensor> { gradient });
        for (int i = 0; i < _levels.Length; i++)
        {
            if (_levels[i] is not { } level || !pass.Added!.Levels[i].requires_grad) continue;
            outputs.Add(pass.Added.Levels[i]);
            gradients.Add(level);
        }
        autograd.backward(outputs, gradients);
    }
}
