using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning.Sparsity;

/// <summary>A weight matrix of a checkpoint that becomes sparse.</summary>
/// <param name="File">The file that holds it.</param>
/// <param name="Entry">Its place there.</param>
/// <param name="Zeros">Weights that become zero in each group.</param>
/// <param name="Group">Consecutive input columns of a group.</param>
internal sealed record DecoderWeight(SafeTensorsFile File, TensorEntry Entry, int Zeros, int Group)
{
    public string Name => Entry.Name;

    /// <exception cref="NotANumberException">A value is none: it would have no importance.</exception>
    public void CheckNumbers(CancellationToken cancellation)
    {
        if (NumberScan.First(File, Entry, cancellation) is { } element)
        {
            throw new NotANumberException($"Weight {Name} of {File.Path} is no number (NaN or infinite) at element {element}: "
                + "copy or download the model again.");
        }
    }
}
