using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>What a tuning makes least, batch by batch.</summary>
internal interface IObjective
{
    /// <summary>
    /// Adds the gradient of the batch's loss, its two sums multiplied by their scales, to the gradients of the trainable parameters.
    /// </summary>
    /// <returns>Both sums, not scaled.</returns>
    BatchLoss Accumulate(Batch batch, double scale, double stateScale);

    /// <summary>The loss of a held-back batch, summed over its <see cref="Terms"/>, without gradients.</summary>
    double Loss(Batch batch);

    /// <summary>What that sum is divided by for a mean.</summary>
    long Terms(Batch batch);
}
