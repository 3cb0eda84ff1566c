using Interlace.Vlm;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// AdamW over fp32 master weights, states in fp32, one fused operator call per step (paper A.5; Loshchilov and Hutter, 2019).
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Tensor[] _means, _squares, _steps;
    private readonly double _beta1, _beta2, _epsilon, _weightDecay;

    /// <summary>Fresh states for these parameters, all of them trainable.</summary>
    public AdamW(IReadOnlyList<Parameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
    {
        (_parameters, _beta1, _beta2, _epsilon, _weightDecay) = (parameters, beta1, beta2, epsilon, weightDecay);
        Tensor[] New(Func<Parameter, Tensor> make) => [.. parameters.Select(p => make(p).DetachFromDisposeScope())];
        using var _ = no_grad();
        _means = New(p => zeros_like(p.Value, requires_grad: false));
        _squares = New(p => zeros_like(p.Value, requires_grad: false));
        _steps = New(p => zeros([], ScalarType.Float32, p.Value.device));
    }

    /// <summary>The states by name, as a checkpoint holds them: <c>mean.NAME</c>, <c>square.NAME</c>. Writing to them changes the optimiser.</summary>
    public IEnumerable<(string Name, Tensor Value)> States =>
        _parameters.Index().SelectMany(p => new[] { ($"mean.{p.Item.Name}", _means[p.Index]), ($"square.{p.Item.Name}", _squares[p.Index]) });

    /// <summary>Says how many steps the states have seen.</summary>
    public void SetSteps(int steps)
    {
        using var _ = no_grad();
        foreach (Tensor step in _steps) step.fill_(steps);
    }

    /// <summary>L2 norm of all gradients together.</summary>
    public double GradientNorm()
    {
        using var scope = NewDisposeScope();
        return Math.Sqrt(stack([.. Gradients.Select(g => g.square().sum(type: ScalarType.Float64))]).sum().item<double>());
    }

    /// <summary>Scales the gradients down to <paramref name="limit"/> where their <paramref name="norm"/> is larger, by limit / (norm + 1e-6) as PyTorch does.</summary>
    public void Clip(double norm, double limit)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        if (limit / (norm + 1e-6) is < 1 and var factor)
            foreach (Tensor gradient in Gradients) gradient.mul_(factor);
    }

    /// <summary>One update from the accumulated gradients, which are then cleared.</summary>
    public void Step(double rate)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (Tensor step in _steps) step.add_(1);
        Aten.AdamWStep([.. _parameters.Select(p => p.Value)], [.. Gradients], _means, _squares, _steps, rate, _beta1, _beta2, _weightDecay, _epsilon);
        foreach (Tensor gradient in Gradients) gradient.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor state in _means.Concat(_squares).Concat(_steps)) state.Dispose();
    }

    private IEnumerable<Tensor> Gradients => _parameters.Select(p => p.Value.grad ?? throw new InvalidOperationException($"{p.Name} has no gradient"));
}
