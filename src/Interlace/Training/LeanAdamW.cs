using Interlace.Data;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// AdamW in 6 bytes a weight where <see cref="AdamW"/> needs 16: weights and gradients in bf16, and both moments in 8 bits with a scale for
/// each block of 256 (Dettmers et al., 2022). Each update is computed in fp32 and rounded by chance, so that its mean is what fp32 would
/// give: a step that is smaller than the distance of two bf16 numbers is then taken sometimes instead of never (Zamirai et al., 2020).
/// </summary>
/// <remarks>
/// The second moment is held as its root, which has half the orders of magnitude, and no byte stands for zero there: a root that became
/// zero would make the next step of its weight huge. What chance does follows from seed, step and name alone.
/// </remarks>
internal sealed class LeanAdamW : IOptimiser
{
    /// <summary>Bytes that a trained weight takes in memory: itself, its gradient, two moments and their scales.</summary>
    public const double BytesPerWeight = 2 + 2 + MomentBytes;

    /// <summary>Bytes that it takes in a saved state.</summary>
    public const double SavedBytesPerWeight = 2 + MomentBytes;

    /// <summary>Bytes of these that are moments.</summary>
    public const double MomentBytes = 2 * (1 + (double)sizeof(float) / EightBitMoment.Block);

    private const long Piece = 4096 * EightBitMoment.Block;   // elements that are worked on at a time

    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Gradients _gradients;
    private readonly EightBitCodes _signed, _positive;
    private readonly EightBitMoment[] _means, _roots;
    private readonly double _beta1, _beta2, _epsilon, _weightDecay;
    private readonly int _seed;
    private int _steps;

    /// <summary>Fresh states for parameters that are trained in bf16, all of one device.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="seed">Of what chance does.</param>
    /// <param name="beta1">Of the first moment.</param>
    /// <param name="beta2">Of the second moment.</param>
    /// <param name="epsilon">Beside the root of the second moment.</param>
    /// <param name="weightDecay">Part of a weight that a step at rate 1 takes away.</param>
    /// <param name="offload">The moments lie in the memory of the machine, and come to the device piece by piece.</param>
    public LeanAdamW(IReadOnlyList<Parameter> parameters, int seed, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0, bool offload = false)
    {
        (_parameters, _seed, _gradients) = (parameters, seed, new(parameters));
        (_beta1, _beta2, _epsilon, _weightDecay) = (beta1, beta2, epsilon, weightDecay);
        Device device = parameters.Count == 0 ? CPU : parameters[0].Value.device;
        (_signed, _positive) = (new(signed: true, device), new(signed: false, device));
        _means = [.. parameters.Select(p => new EightBitMoment(p.Value.numel(), _signed, offload))];
        _roots = [.. parameters.Select(p => new EightBitMoment(p.Value.numel(), _positive, offload))];
    }

    /// <summary>The moments, <c>mean.NAME</c> and <c>root.NAME</c>, and their scales.</summary>
    public IEnumerable<(string Name, Tensor Value)> States => _parameters.Index().SelectMany(p => new[]
    {
        ($"mean.{p.Item.Name}", _means[p.Index].Bytes), ($"mean_scale.{p.Item.Name}", _means[p.Index].Scales),
        ($"root.{p.Item.Name}", _roots[p.Index].Bytes), ($"root_scale.{p.Item.Name}", _roots[p.Index].Scales),
    });

    /// <inheritdoc/>
    public IEnumerable<(string Name, ScalarType Type, long[] Shape)> FormOf(Parameter parameter)
    {
        long blocks = EightBitMoment.BlocksOf(parameter.Value.numel());
        foreach (string moment in new[] { "mean", "root" })
        {
            yield return ($"{moment}.{parameter.Name}", ScalarType.Byte, [blocks, EightBitMoment.Block]);
            yield return ($"{moment}_scale.{parameter.Name}", ScalarType.Float32, [blocks, 1]);
        }
    }

    /// <inheritdoc/>
    public void SetSteps(int steps) => _steps = steps;

    /// <inheritdoc/>
    public Tensor GradientSquares() => _gradients.Squares();

    /// <inheritdoc/>
    public void Clip(double norm, double limit) => _gradients.Clip(norm, limit);

    /// <inheritdoc/>
    public void Step(double rate)
    {
        using var _ = no_grad();
        _steps++;
        foreach (var ((i, parameter), gradient) in _parameters.Index().Zip(_gradients.All))
        {
            using var scope = NewDisposeScope();
            using var chance = new Generator(SeededHash.Row(SeededHash.ShardKey("lean", parameter.Name, _seed), _steps),
                parameter.Value.device);
            Tensor weights = parameter.Value.detach().view(-1), slopes = gradient.reshape(-1);
            for (long at = 0; at < weights.shape[0]; at += Piece)
            {
                using var piece = NewDisposeScope();
                long count = Math.Min(Piece, weights.shape[0] - at);
                Update(weights.narrow(0, at, count), slopes.narrow(0, at, count), i, at, rate, chance);
            }
            gradient.zero_();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var moment in _means.Concat(_roots)) moment.Dispose();
        _signed.Dispose();
        _positive.Dispose();
    }

    private void Update(Tensor weights, Tensor gradient, int i, long at, double rate, Generator chance)
    {
        Tensor slope = gradient.to(ScalarType.Float32), root = _roots[i].Read(at, slope.shape[0]);
        Tensor mean = _means[i].Read(at, slope.shape[0]).Times(_beta1).Plus(slope.Times(1 - _beta1));
        root = root.mul(root).Times(_beta2).Plus(slope.mul(slope).Times(1 - _beta2)).sqrt();
        Tensor size = root.Times(1 / Math.Sqrt(1 - Math.Pow(_beta2, _steps))).Plus(_epsilon);
        Tensor change = mean.Times(rate / (1 - Math.Pow(_beta1, _steps))).div(size);
        Tensor next = weights.to(ScalarType.Float32).Times(1 - rate * _weightDecay) - change;
        weights.copy_(StochasticRounding.ToBFloat16(next, chance));
        _means[i].Write(at, mean, chance);
        _roots[i].Write(at, root, chance);
    }
}
