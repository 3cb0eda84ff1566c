using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Pruning.Bridging;

/// <summary>
/// Least squares for one bridge, from sums over tokens. With M [N, D] what the feed-forward gives, Y the rest of the residual stream and X
/// the state that is wanted, the bridge T [D, D] makes |M T + Y - X|^2 + r |T - I|^2 least. With E = X - Y - M, the error that is left
/// without a bridge, T = I + (M'M + r I)^-1 M'E: so the ridge pulls towards no bridge at all, not towards no feed-forward.
/// Sums and solution are float64: M'M has the square of M's range.
/// </summary>
internal sealed class BridgeSums : IDisposable
{
    private const double RoundingStep = 1.0 / (1L << 52);

    private readonly Tensor _square, _error;   // M'M and M'E, [D, D]

    /// <summary>Sums of nothing.</summary>
    /// <param name="size">D.</param>
    /// <param name="device">Where they lie.</param>
    public BridgeSums(int size, Device device) =>
        (_square, _error) = (Zeros(size, device), Zeros(size, device));

    /// <summary>Adds tokens.</summary>
    /// <param name="output">M [N, D] in float64.</param>
    /// <param name="error">E [N, D] in float64.</param>
    public void Add(Tensor output, Tensor error)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Tensor transposed = output.t();
        _square.Add(transposed.matmul(output));
        _error.Add(transposed.matmul(error));
    }

    /// <summary>
    /// The bridge T [D, D] in float64. Directions in which M has nothing stay as they are, and of several solutions the one nearest to the
    /// identity is taken, distances measured in the sizes of M's columns.
    /// </summary>
    /// <param name="ridge">r as a part of the mean square of a column of M over all tokens, 0 or more: it needs no unit.</param>
    public Tensor Solve(double ridge)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        long size = _square.shape[0];
        Tensor identity = eye(size, dtype: ScalarType.Float64, device: _square.device);
        double pull = ridge * _square.trace().item<double>() / size;
        Tensor held = _square.Plus(identity.Times(pull));
        // Columns of one size before the matrix is taken apart: some of a residual stream are a thousand times larger than others,
        // and the small ones would otherwise drown in the rounding of the large ones.
        Tensor scale = Each(held.diagonal(), value => value > 0 ? 1 / Math.Sqrt(value) : 0);
        var (values, vectors) = linalg.eigh(held.mul(scale.unsqueeze(0)).mul(scale.unsqueeze(1)));   // V diag(values) V'
        // Below this an eigenvalue is rounding of the largest one.
        double least = size * RoundingStep * values.max().item<double>();
        Tensor inverse = Each(values, value => value > least ? 1 / value : 0);
        Tensor change = vectors.matmul(vectors.t().matmul(_error.mul(scale.unsqueeze(1))).mul(inverse.unsqueeze(1)));
        return identity.Plus(change.mul(scale.unsqueeze(1))).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _square.Dispose();
        _error.Dispose();
    }

    private static Tensor Each(Tensor values, Converter<double, double> map) =>
        tensor(Array.ConvertAll(values.cpu().data<double>().ToArray(), map), ScalarType.Float64, values.device);

    private static Tensor Zeros(int size, Device device) => zeros([size, size], ScalarType.Float64, device).DetachFromDisposeScope();
}
