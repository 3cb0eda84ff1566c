using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// AdamW over fp32 master weights, states in fp32, one fused operator call per step (paper A.5; Loshchilov and Hutter, 2019).
/// </summary>
public sealed class AdamW : IOptimiser
{
    /// <summary>Bytes that a trained weight takes in memory: its master, its gradient and two moments.</summary>
    internal const double BytesPerWeight = 4 * sizeof(float);

    /// <summary>Bytes of these that are moments.</summary>
    internal const double MomentBytes = 2 * sizeof(float);

    /// <summary>Bytes that it takes in a saved state.</summary>
    internal const double SavedBytesPerWeight = 3 * sizeof(float);

    private readonly IReadOnlyList<ParameterGroup> _groups;
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Gradients _gradients;
    private readonly Tensor[] _means, _squares, _steps;
    private readonly double _beta1, _beta2, _epsilon;
    private readonly bool _offload;

    /// <summary>Fresh states for these parameters, all of them trainable and of one rate.</summary>
    public AdamW(IReadOnlyList<Parameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0, bool offload = false)
        : this([new ParameterGroup(parameters, weightDecay)], beta1, beta2, epsilon, offload)
    {
    }

    /// <summary>Fresh states for groups of trainable parameters, each with a rate and a weight decay of its own.</summary>
    /// <param name="groups">The groups.</param>
    /// <param name="beta1">Of the first moment.</param>
    /// <param name="beta2">Of the second moment.</param>
    /// <param name="epsilon">Beside the root of the second moment.</param>
    /// <param name="offload">
    /// The moments lie in the memory of the machine, and come to the device tensor by tensor for an update: nothing else changes.
    /// </param>
    public AdamW(IReadOnlyList<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        bool offload = false)
    {
        IReadOnlyList<Parameter> parameters = [.. groups.SelectMany(group => group.Parameters)];
        (_groups, _parameters, _beta1, _beta2, _epsilon, _offload) = (groups, parameters, beta1, beta2, epsilon, offload);
        _gradients = new(parameters);
        Tensor[] New(Func<Parameter, Tensor> make) => [.. parameters.Select(p => make(p).DetachFromDisposeScope())];
        Tensor Zeros(Tensor value) => offload ? Upload.HostZeros(value.shape, value.dtype, value.device)
            : zeros_like(value, requires_grad: false);
        using var _ = no_grad();
        _means = New(p => Zeros(p.Value));
        _squares = New(p => Zeros(p.Value));
        _steps = New(p => zeros([], ScalarType.Float32, p.Value.device));
    }

    /// <summary>The states by name, as a checkpoint holds them: <c>mean.NAME</c>, <c>square.NAME</c>.
    /// Writing to them changes the optimiser.</summary>
    public IEnumerable<(string Name, Tensor Value)> States =>
        _parameters.Index().SelectMany(p => new[] { ($"mean.{p.Item.Name}", _means[p.Index]),
            ($"square.{p.Item.Name}", _squares[p.Index]) });

    /// <inheritdoc/>
    public IEnumerable<(string Name, ScalarType Type, long[] Shape)> FormOf(Parameter parameter) =>
        [($"mean.{parameter.Name}", ScalarType.Float32, parameter.Value.shape),
            ($"square.{parameter.Name}", ScalarType.Float32, parameter.Value.shape)];

    /// <summary>Says how many steps the states have seen.</summary>
    public void SetSteps(int steps)
    {
        using var _ = no_grad();
        foreach (Tensor step in _steps) step.Fill(steps);
    }

    /// <summary>L2 norm of all gradients together.</summary>
    public double GradientNorm() => _gradients.Norm();

    /// <inheritdoc/>
    public Tensor GradientSquares() => _gradients.Squares();

    /// <inheritdoc/>
    public void Clip(double norm, double limit) => _gradients.Clip(norm, limit);

    /// <summary>One update from the accumulated gradients, which are then cleared.</summary>
    public void Step(double rate) => Step([.. _groups.Select(_ => rate)]);

    /// <summary>One update with a rate for each group; at rate 0 only the states of a group change.</summary>
    public void Step(IReadOnlyList<double> rates)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (Tensor step in _steps) step.Add(1);
        Tensor[] gradients = [.. _gradients.All];
        int at = 0;
        foreach (var (i, group) in _groups.Index())
        {
            if (group.Parameters.Count == 0) continue;   // the engine refuses empty lists
            Range own = at..(at += group.Parameters.Count);
            Tensor[] values = [.. group.Parameters.Select(p => p.Value)];
            Action<Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]> update = (values, gradients, means, squares, steps) => Aten.AdamWStep(
                values, gradients, means, squares, steps, rates[i], _beta1, _beta2, group.WeightDecay, _epsilon);
            if (!_offload) update(values, gradients[own], _means[own], _squares[own], _steps[own]);
            else EachFromHost(update, values, gradients[own], _means[own], _squares[own], _steps[own]);
        }
        foreach (Tensor gradient in gradients) gradient.zero_();
    }

    /// <summary>Updates one tensor after the other, with its moments brought to the device and back.</summary>
    private static void EachFromHost(Action<Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]> update, Tensor[] values, Tensor[] gradients,
        Tensor[] means, Tensor[] squares, Tensor[] steps)
    {
        foreach (var (i, value) in values.Index())
        {
            using var scope = NewDisposeScope();
            Tensor Here(Tensor moment) => moment.to(value.device, copy: true, non_blocking: true);
            Tensor mean = Here(means[i]), square = Here(squares[i]);
            update([value], [gradients[i]], [mean], [square], [steps[i]]);
            means[i].copy_(mean);
            squares[i].copy_(square);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor state in _means.Concat(_squares).Concat(_steps)) state.Dispose();
    }
}
