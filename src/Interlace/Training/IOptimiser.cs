using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>Makes trained weights follow their gradients.</summary>
internal interface IOptimiser : IDisposable
{
    /// <summary>Its states by name, as a checkpoint holds them. Writing to them changes the optimiser.</summary>
    IEnumerable<(string Name, Tensor Value)> States { get; }

    /// <summary>The form of its states of a parameter, in their order, whether it has them or another rank has.</summary>
    IEnumerable<(string Name, ScalarType Type, long[] Shape)> FormOf(Parameter parameter);

    /// <summary>Says how many steps the states have seen.</summary>
    void SetSteps(int steps);

    /// <summary>[parameters] fp64: the sum of squares of each parameter's gradient; the caller frees it.</summary>
    Tensor GradientSquares();

    /// <summary>Scales the gradients down to <paramref name="limit"/> where their <paramref name="norm"/> is larger.</summary>
    void Clip(double norm, double limit);

    /// <summary>One update from the accumulated gradients, which are then cleared.</summary>
    void Step(double rate);
}
