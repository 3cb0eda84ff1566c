using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>The rotary position embedding of a decoder on a device.</summary>
internal sealed class Rope : IDisposable
{
    private readonly Tensor _frequencies;   // [d / 2], fp32
    private readonly Tensor? _axes;         // [d / 2]: 0, 1 or 2; null where positions have one axis

    public Rope(RopeSpec spec, Device device)
    {
        using var scope = NewDisposeScope();
        Spec = spec;
        Tensor frequencies = Rotary.Frequencies(spec.Size, spec.Theta, CPU);
        if (spec.Scale is { } scale)
            frequencies = tensor(Array.ConvertAll(frequencies.data<float>().ToArray(), frequency => (float)scale(frequency)));
        _frequencies = frequencies.to(device).DetachFromDisposeScope();
        _axes = spec.Axes is { } axes ? tensor(Array.ConvertAll(axes, axis => (long)axis), device: device).DetachFromDisposeScope() : null;
    }

    /// <summary>What it was made from.</summary>
    public RopeSpec Spec { get; }

    /// <summary>Positions [axes, N] -> the turns of N tokens, which belong to no dispose scope.</summary>
    public Rotary Of(Tensor positions, ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor rows = _axes is null ? positions : positions.index_select(0, _axes);
        Tensor position = rows.transpose(0, 1).to(ScalarType.Float32);   // [N, d / 2], or [N, 1]
        Rotary rotary = Rotary.FromAngles(position * _frequencies, type);
        rotary.Cos.DetachFromDisposeScope();
        rotary.Sin.DetachFromDisposeScope();
        return rotary;
    }

    /// <exception cref="InputException">A sequence is longer than the frequencies are right for.</exception>
    public void CheckLength(int length)
    {
        if (length > Spec.LongestSequence)
        {
            throw new InputException($"A text of {length} tokens is longer than the {Spec.LongestSequence} up to which this model's "
                + "dynamic rope scaling changes nothing; beyond them it is not supported.");
        }
    }

    public void Dispose()
    {
        _frequencies.Dispose();
        _axes?.Dispose();
    }
}
