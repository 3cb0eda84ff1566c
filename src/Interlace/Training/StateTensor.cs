using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>A tensor of a tuning's state: its form, the same on all ranks, and itself where it is held.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Owner">The rank that holds it; null where every rank does.</param>
/// <param name="Value">The tensor; null where another rank holds it.</param>
internal sealed record StateTensor(string Name, ScalarType Type, long[] Shape, int? Owner, Tensor? Value)
{
    /// <summary>Masters of parameters, then the optimiser's states of those among them that it changes.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="optimiser">The optimiser of those that this rank holds.</param>
    /// <param name="shares">Who holds what; this process everything where absent.</param>
    public static IEnumerable<StateTensor> Of(IReadOnlyList<Parameter> parameters, IOptimiser optimiser, Shares? shares = null)
    {
        int? Owner(int i) => shares?.OwnerOf(i);
        foreach (var (i, parameter) in parameters.Index())
        {
            yield return new($"weight.{parameter.Name}", shares?.MasterType ?? parameter.Value.dtype, parameter.Value.shape, Owner(i),
                shares?.IsOwn(i) is false ? null : parameter.Value);
        }
        var states = optimiser.States.ToDictionary(state => state.Name, state => state.Value, StringComparer.Ordinal);
        foreach (var (i, parameter) in parameters.Index())
        {
            foreach (var (name, type, shape) in optimiser.FormOf(parameter))
            {
                var here = states.GetValueOrDefault(name);
                if (here is not null || shares?.IsOwn(i) is false) yield return new(name, type, shape, Owner(i), here);
            }
        }
    }
}
