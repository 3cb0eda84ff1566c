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
        int round = 0, rounds = layersElsewhere is null ? step.Own.Sum(batch => batch.Parts.Count) : step.Rounds;
        foreach (var own in step.Own)
        {
            bool overStep = options.Loss == "batch_mean";
            double scale = overStep ? 1.0 / Math.Max(1, step.Answers) : 1.0 / (Math.Max(1, own.Answers) * step.MicroBatches);
            double ofStates = stateScale(overStep ? 1.0 / step.Tokens : 1.0 / (own.Tokens * step.MicroBatches));
            var sum = default(BatchLoss);
            foreach (var part in own.Parts.Chunk(objective.TakesParts ? own.Parts.Count : 1))
            {
                round += part.Length;
                bool endsStep = round == rounds;
                Batch[] batches = [.. part.Select(samples => Batch.Pack(samples, model.Device, trainsAllText))];
                using var freed = new Freed(batches);
                var both = objective.Accumulate(batches, scale, ofStates,
                    sums is null ? null : (layer, isLast) => sums.Passed(layer, isLast && endsStep));
                sums?.Passed();
                if (!both.IsFinite) throw NoNumber(number, batches);
                sum += both;
            }
            loss += scale * sum.Answers + ofStates * sum.States;
        }
        for (; round < rounds; round++)
        {
            bool isLast = round == rounds - 1;
            objective.Follow(backward: true, sums is null ? null : layer => sums.Passed(layer, isLast));
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

    private InputException NoNumber(int step, Batch[] parts)
    {
        if (layersElsewhere is not null)   // to look for the place all of them have to be here
            return new($"The loss is no number at step {step}: {LowerTheRate}, or look for the place with {layersElsewhere}.");
        if (parent is not null && FirstFault(parent, parts) is { Fault: not null } taught)
            return FiniteValues.Refusal("The logits of the model that is learnt from are no numbers", parent, taught.Part);
        var found = FirstFault(model, parts);
        if (step == 0) return FiniteValues.Refusal("The loss is no number", model, found.Part);
        return new("The loss is no longer a number at step "
            + $"{step}{(found.Fault is null ? "" : $", first {found.Fault}")}: {LowerTheRate}.");
    }

    private static (FirstFault? Fault, Batch Part) FirstFault(VisionLanguageModel model, Batch[] parts) =>
        parts.Select(part => (FiniteValues.First(model, part), part)).FirstOrDefault(found => found.Item1 is not null, (null, parts[0]));

    private sealed class Freed(Batch[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (var part in parts) part.Dispose();
        }
    }
}
