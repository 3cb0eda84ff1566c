using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>What a tuning makes least, batch by batch.</summary>
internal interface IObjective
{
    /// <summary>
    /// Adds the gradient of the batch's loss, its two sums multiplied by their scales, to the gradients of the trainable parameters.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="scale">What the sum over answers is multiplied by.</param>
    /// <param name="stateScale">What the sum over states is multiplied by.</param>
    /// <param name="passed">May be told of decoder layers, from the top down, whose trained weights get nothing more of this batch.</param>
    /// <returns>Both sums, not scaled.</returns>
    BatchLoss Accumulate(Batch batch, double scale, double stateScale, Action<int>? passed = null);

    /// <summary>Takes part in what ranks do together for a batch that others have and this one has not.</summary>
    /// <param name="backward">It is learnt from, and not held back.</param>
    /// <param name="passed">As of <see cref="Accumulate"/>.</param>
    void Follow(bool backward, Action<int>? passed = null);

    /// <summary>The loss of a held-back batch, summed over its <see cref="Terms"/>, without gradients.</summary>
    double Loss(Batch batch);

    /// <summary>What that sum is divided by for a mean.</summary>
    long Terms(Batch batch);
}
