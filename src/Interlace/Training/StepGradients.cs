using Interlace.Experiments;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>The gradients of a step: each rank's micro-batches one after the other, and their sum over the ranks.</summary>
/// <param name="model">The model that is tuned.</param>
/// <param name="parent">The model that is learnt from; null for none.</param>
/// <param name="objective">What is made least.</param>
/// <param name="options">How to tune.</param>
/// <param name="sums">How the ranks add up what each has; null where there is one.</param>
/// <param name="stateScale">
/// What the summed squares of differences between states are multiplied by, where a mean over tokens would multiply them by its argument.
/// </param>
/// <param name="trainsAllText">All text is trained on, and not answers alone.</param>
/// <param name="ranks">The ranks.</param>
/// <param name="layersElsewhere">What to set where frozen layers are brought from elsewhere; null where all are here.</param>
internal sealed class StepGradients(VisionLanguageModel model, VisionLanguageModel? parent, IObjective objective, FineTuneOptions options,
    GradientSums? sums, Func<double, double> stateScale, bool trainsAllText, ICollective ranks, string? layersElsewhere)
{
    /// <summary>What is said where numbers grow out of bounds.</summary>
    public const string LowerTheRate = "lower finetune.learning_rate, or compute in fp32";

    /// <summary>Adds the gradients of a step to those of the parameters that a rank holds.</summary>
    /// <param name="step">The step.</param>
    /// <param name="number">Its 0-based number, for messages.</param>
    /// <returns>The loss of the step.</returns>
    /// <exception cref="InputException">It is no number.</exception>
    public double Accumulate(TrainingStep step, int number)
    {
        double loss = 0;
        sums?.Begin();
        // Of layers that ranks share every rank is there whenever one runs them.
        int rounds = layersElsewhere is null ? step.Own.Count : step.Rounds;
        for (int i = 0; i < rounds; i++)
        {
            bool isLast = i == rounds - 1;
            Action<int>? passed = sums is null ? null : layer => sums.Passed(layer, isLast);
            if (i >= step.Own.Count)
            {
                objective.Follow(backward: true, passed);
                continue;
            }
            var own = step.Own[i];
            bool overStep = options.Loss == "batch_mean";
            double scale = overStep ? 1.0 / Math.Max(1, step.Answers) : 1.0 / (Math.Max(1, own.Answers) * step.MicroBatches);
            double ofStates = stateScale(overStep ? 1.0 / step.Tokens : 1.0 / (own.Tokens * step.MicroBatches));
            using var batch = Batch.Pack(own.Samples, model.Device, trainsAllText);
            var both = objective.Accumulate(batch, scale, ofStates, passed);
            sums?.Passed();
            if (!both.IsFinite) throw NoNumber(number, batch);
            loss += scale * both.Answers + ofStates * both.States;
        }
        sums?.Complete();
        return sums is null ? loss : Summed(loss);
    }

    private double Summed(double loss)
    {
        using Tensor sum = tensor([loss], ScalarType.Float64);
        ranks.Sum(sum);
        return sum[0].item<double>();
    }

    private InputException NoNumber(int step, Batch batch)
    {
        if (layersElsewhere is not null)   // to look for the place all of them have to be here
            return new($"The loss is no number at step {step}: {LowerTheRate}, or look for the place with {layersElsewhere}.");
        if (parent is not null && FiniteValues.First(parent, batch) is not null)
            return FiniteValues.Refusal("The logits of the model that is learnt from are no numbers", parent, batch);
        if (step == 0) return FiniteValues.Refusal("The loss is no number", model, batch);
        return new("The loss is no longer a number at step "
            + $"{step}{(FiniteValues.First(model, batch) is { } fault ? $", first {fault}" : "")}: {LowerTheRate}.");
    }
}
