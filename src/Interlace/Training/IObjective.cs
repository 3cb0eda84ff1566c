using Interlace.Vlm.Inputs;

namespace Interlace.Training;

/// <summary>What a tuning makes least, batch by batch.</summary>
internal interface IObjective
{
    /// <summary>Several parts of a micro-batch may go through the model at the same time.</summary>
    bool TakesParts { get; }

    /// <summary>
    /// Adds the gradient of a micro-batch's loss, its two sums multiplied by their scales, to the gradients of the trainable parameters.
    /// </summary>
    /// <param name="parts">Parts of it, one where only one is taken; their gradients are added in this order.</param>
    /// <param name="scale">What the sum over answers is multiplied by.</param>
    /// <param name="stateScale">What the sum over states is multiplied by.</param>
    /// <param name="passed">
    /// May be told of decoder layers, from the top down, whose trained weights get nothing more of a part, and whether it is the last one.
    /// </param>
    /// <returns>Both sums, not scaled.</returns>
    BatchLoss Accumulate(IReadOnlyList<Batch> parts, double scale, double stateScale, Action<int, bool>? passed = null);

    /// <summary>Takes part in what ranks do together for a batch that others have and this one has not.</summary>
    /// <param name="backward">It is learnt from, and not held back.</param>
    /// <param name="passed">Is told of each layer that others have come through.</param>
    void Follow(bool backward, Action<int>? passed = null);

    /// <summary>The loss of a held-back batch, summed over its <see cref="Terms"/>, without gradients.</summary>
    double Loss(Batch batch);

    /// <summary>What that sum is divided by for a mean.</summary>
    long Terms(Batch batch);
}
