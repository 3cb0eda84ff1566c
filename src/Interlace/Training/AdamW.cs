using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// AdamW over fp32 master weights, states in fp32, one fused operator call per step (paper A.5; Loshchilov and Hutter, 2019).
/// A parameter that nothing of a step has reached, as the projector where no sample shows an image, has a gradient of zeros.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly IReadOnlyList<ParameterGroup> _groups;
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Tensor[] _means, _squares, _steps;
    private readonly double _beta1, _beta2, _epsilon;

    /// <summary>Fresh states for these parameters, all of them trainable and of one rate.</summary>
    public AdamW(IReadOnlyList<Parameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0)
        : this([new ParameterGroup(parameters, weightDecay)], beta1, beta2, epsilon)
    {
    }

    /// <summary>Fresh states for groups of trainable parameters, each with a rate and a weight decay of its own.</summary>
    public AdamW(IReadOnlyList<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
    {
        IReadOnlyList<Parameter> parameters = [.. groups.SelectMany(group => group.Parameters)];
        (_groups, _parameters, _beta1, _beta2, _epsilon) = (groups, parameters, beta1, beta2, epsilon);
        Tensor[] New(Func<Parameter, Tensor> make) => [.. parameters.Select(p => make(p).DetachFromDisposeScope())];
        using var _ = no_grad();
        _means = New(p => zeros_like(p.Value, requires_grad: false));
        _squares = New(p => zeros_like(p.Value, requires_grad: false));
        _steps = New(p => zeros([], ScalarType.Float32, p.Value.device));
    }

    /// <summary>The states by name, as a checkpoint holds them: <c>mean.NAME</c>, <c>square.NAME</c>.
    /// Writing to them changes the optimiser.</summary>
    public IEnumerable<(string Name, Tensor Value)> States =>
        _parameters.Index().SelectMany(p => new[] { ($"mean.{p.Item.Name}", _means[p.Index]),
            ($"square.{p.Item.Name}", _squares[p.Index]) });

    /// <summary>Says how many steps the states have seen.</summary>
    public void SetSteps(int steps)
    {
        using var _ = no_grad();
        foreach (Tensor step in _steps) step.Fill(steps);
    }

    /// <summary>
    /// L2 norm of all gradients together. The squares of one tensor are held at a time: those of all would be as large as the gradients.
    /// </summary>
    public double GradientNorm()
    {
        using var scope = NewDisposeScope();
        return Math.Sqrt(stack([.. Gradients.Select(SumOfSquares)]).sum().item<double>());
    }

    /// <summary>Scales the gradients down to <paramref name="limit"/> where their <paramref name="norm"/> is larger,
    /// by limit / (norm + 1e-6) as PyTorch does.</summary>
    public void Clip(double norm, double limit)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (limit / (norm + 1e-6) is < 1 and var factor)
            foreach (Tensor gradient in Gradients) gradient.Scale(factor);
    }

    /// <summary>One update from the accumulated gradients, which are then cleared.</summary>
    public void Step(double rate) => Step([.. _groups.Select(_ => rate)]);

    /// <summary>One update with a rate for each group; at rate 0 only the states of a group change.</summary>
    public void Step(IReadOnlyList<double> rates)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (Tensor step in _steps) step.Add(1);
        Tensor[] gradients = [.. Gradients];
        int at = 0;
        foreach (var (i, group) in _groups.Index())
        {
            if (group.Parameters.Count == 0) continue;   // the engine refuses empty lists
            Range own = at..(at += group.Parameters.Count);
            Aten.AdamWStep([.. group.Parameters.Select(p => p.Value)], gradients[own], _means[own], _squares[own], _steps[own], rates[i],
                _beta1, _beta2, group.WeightDecay, _epsilon);
        }
        foreach (Tensor gradient in gradients) gradient.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor state in _means.Concat(_squares).Concat(_steps)) state.Dispose();
    }

    private static Tensor SumOfSquares(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        return gradient.mul(gradient).sum(type: ScalarType.Float64).MoveToOuterDisposeScope();
    }

    private IEnumerable<Tensor> Gradients => _parameters.Select(GradientOf);

    private static Tensor GradientOf(Parameter parameter)
    {
        if (parameter.Value.grad is { } gradient) return gradient;
        using (NewDisposeScope()) parameter.Value.grad = zeros_like(parameter.Value, requires_grad: false);
        return parameter.Value.grad!;
    }
}
