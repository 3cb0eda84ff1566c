using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Pruning.Sparsity;

/// <summary>
/// Wanda's statistics of the linear layers of one decoder layer:
/// for each input column j the square root of the mean over samples of the sum over tokens of x_j^2.
/// Squares are taken in fp32 and summed in fp64, so that the sum does not depend on how samples are packed.
/// </summary>
internal sealed class InputNorms : IDisposable
{
    private readonly Dictionary<string, Tensor> _sums = new(StringComparer.Ordinal);

    /// <summary>Adds the tokens of one pass: a <see cref="Vlm.Blocks.LinearObserver"/>.</summary>
    /// <param name="weight">The layer, by its weight.</param>
    /// <param name="input">What it reads, [.., input].</param>
    public void Add(Parameter weight, Tensor input)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor wide = input.reshape(-1, input.shape[^1]).to(ScalarType.Float32);
        Tensor sum = wide.mul(wide).sum(0, false, ScalarType.Float64);
        if (_sums.TryGetValue(weight.Name, out var before)) before.Add(sum);
        else _sums[weight.Name] = sum.DetachFromDisposeScope();
    }

    /// <summary>Adds what the other ranks have measured; each gets the sum.</summary>
    /// <param name="layer">The decoder layer, of which a rank may have measured nothing.</param>
    /// <param name="ranks">The ranks.</param>
    public void AddOthers(IDecoderLayer layer, ICollective ranks)
    {
        using var _ = no_grad();
        foreach (var weight in layer.Linears.Select(linear => linear.Weight))
        {
            if (!_sums.TryGetValue(weight.Name, out var sum))
            {
                sum = zeros([weight.Value.shape[^1]], ScalarType.Float64, weight.Value.device).DetachFromDisposeScope();
                _sums[weight.Name] = sum;
            }
            ranks.Sum(sum);
        }
    }

    /// <summary>The norms of one layer's input columns, [input] in fp32.</summary>
    /// <param name="weight">Name of the layer's weight.</param>
    /// <param name="samples">Samples that were added.</param>
    /// <exception cref="NotANumberException">A norm is no number.</exception>
    public Tensor Of(string weight, long samples)
    {
        using var scope = NewDisposeScope();
        Tensor norms = _sums[weight].Times(1.0 / samples).sqrt().to(ScalarType.Float32);
        if (!FiniteValues.In(norms))
            throw new NotANumberException($"What {weight} reads is no number (NaN or infinite), though the weights of its layer are: "
                + "values leave the range of the computation's type, compute with --dtype fp32, "
                + "or weights outside the decoder layers are damaged.");
        return norms.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (Tensor sum in _sums.Values) sum.Dispose();
    }
}
