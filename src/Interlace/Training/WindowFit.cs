using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Fits one layer to a window of layers that it stands for (LLM-Streamline: Chen et al., 2024): it reads what enters the window in the
/// unpruned model, and the squared difference between what it gives and what leaves the window there is made least, over all tokens. No
/// other layer of the pruned model runs, and no head.
/// </summary>
/// <param name="model">The pruned model, of which one layer is trained.</param>
/// <param name="parent">The unpruned model, which stays as it is.</param>
/// <param name="window">Which layer stands for which.</param>
public sealed class WindowFit(VisionLanguageModel model, VisionLanguageModel parent, Window window) : IObjective
{
    /// <summary>Brings the weights of the unpruned model's layers, where they lie elsewhere.</summary>
    internal BroughtLayers? Brought { get; init; }

    /// <summary>What messages call it.</summary>
    internal const string Setting = "finetune.objective = " + FineTuneOptions.WindowMse;

    /// <summary>Refuses options that go with the language-modelling loss alone, and plans that have no such window.</summary>
    /// <param name="experiment">All settings.</param>
    /// <param name="plan">The plan, or one that drops and tunes as many layers.</param>
    /// <exception cref="InputException">The layer cannot be fitted.</exception>
    internal static void Check(Experiment experiment, PruningPlan plan)
    {
        var options = experiment.Finetune!;
        if (options.Objective != FineTuneOptions.WindowMse) return;
        string? fault = options.Distill > 0 ? "has no predictions to learn: leave finetune.distill out"
            : options.DistillHidden > 0 ? "compares states already: leave finetune.distill_hidden out"
            : options.Train != FineTuneOptions.Tune
            ? $"trains the plan's layer and nothing else: leave finetune.train at {FineTuneOptions.Tune}"
            : experiment.Plan!.Rounds > 1 ? "fits one window of the unpruned model: leave plan.rounds at 1"
            : plan.Tune.Length != 1 ? $"fits one layer to a window of dropped layers behind it, and the plan tunes {plan.Tune.Length}: "
                + "take one of streamline"
            : null;
        if (fault is not null) throw new InputException($"{Setting} {fault}.");
    }

    /// <summary>
    /// Adds the gradient of <paramref name="stateScale"/> times the summed squares to the layer's gradients; there is nothing that the
    /// other scale is for.
    /// </summary>
    /// <returns>The summed squares, not scaled, as <see cref="BatchLoss.States"/>.</returns>
    public BatchLoss Accumulate(Batch batch, double scale, double stateScale)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        Tensor squares = Squares(batch);
        squares.Times(stateScale).backward();
        return new(0, squares.item<double>());
    }

    bool IObjective.TakesParts => false;

    BatchLoss IObjective.Accumulate(IReadOnlyList<Batch> parts, double scale, double stateScale, Action<int, bool>? passed) =>
        Accumulate(parts.Single(), scale, stateScale);

    /// <summary>Nothing: the layer that runs is one that every rank holds.</summary>
    void IObjective.Follow(bool backward, Action<int>? passed)
    {
    }

    /// <summary>The squared differences summed over tokens and elements, without gradients.</summary>
    public double Loss(Batch batch)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return Squares(batch).item<double>();
    }

    /// <summary>Tokens times elements of a state.</summary>
    public long Terms(Batch batch) => batch.Lengths.Sum(length => (long)length) * model.HiddenSize;

    private Tensor Squares(Batch batch)   // -> a scalar in float64
    {
        var (input, wanted) = Window(batch);
        using var pass = model.NewPass(batch);
        Tensor given = model.Layers[window.Layer].Forward(input, pass, window.Layer);
        Tensor difference = given.to(ScalarType.Float32).Plus(wanted.neg());
        return difference.mul(difference).sum(type: ScalarType.Float64);
    }

    /// <summary>
    /// What enters the window, [N, D], and what should leave the layer that stands for it, [N, D] in float32: the unpruned model's true
    /// input of the layer behind the window, visual features that enter before that one included, without those that the pruned model adds
    /// behind the fitted layer by itself.
    /// </summary>
    private (Tensor Input, Tensor Wanted) Window(Batch batch)
    {
        using var _ = no_grad();
        var (x, pass) = parent.Embed(batch);
        using (pass)
        {
            Tensor? input = null, behind = null;
            Tensor last = parent.Hidden(x, pass, (l, layer, entering) =>
            {
                if (l == window.Layer) input = entering.alias();
                if (l == window.After) behind = entering.alias();
                if (l >= window.After) return entering;
                return Brought?.With(l, l + 1 < window.After ? l + 1 : null, () => layer(entering)) ?? layer(entering);
            });
            Tensor added = VisionLanguageModel.Enter(window.Layer + 1, zeros_like(last), pass);
            Tensor wanted = (behind ?? last).to(ScalarType.Float32).Plus(added.to(ScalarType.Float32).neg());
            return (input!, wanted);
        }
    }
}
