using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// The 256 numbers, ascending and at most 1, that a byte stands for in the dynamic data type of 8-bit optimisers (Dettmers et al., 2022):
/// each decade has twice as many as the one below it, at the middles of equal parts, so that small numbers keep their order of magnitude
/// and large ones their digits.
/// </summary>
/// <param name="signed">Numbers of both signs and zero, from 3e-7 on; else positive ones alone, from 1e-7 on.</param>
/// <param name="device">Where they lie.</param>
internal sealed class EightBitCodes(bool signed, Device device) : IDisposable
{
    private const int Decades = 7;

    private readonly Tensor _values = On(device, Values(signed)), _above = On(device, [.. Values(signed)[1..], 1]);

    /// <summary>Where they lie.</summary>
    public Device Device { get; } = device;

    /// <summary>The numbers.</summary>
    public static float[] Values(bool signed)
    {
        var magnitudes = new List<double>();
        for (int decade = 0; decade < Decades; decade++)
        {
            int parts = (signed ? 1 : 2) << decade;
            double top = Math.Pow(10, decade - Decades + 1);
            for (int part = 0; part < parts; part++) magnitudes.Add(top * (0.1 + 0.9 * (part + 0.5) / parts));
        }
        IEnumerable<double> values = signed ? [.. magnitudes.Select(value => -value), 0, .. magnitudes, 1] : [1e-7, .. magnitudes, 1];
        return [.. values.Order().Select(value => (float)value)];
    }

    /// <summary>
    /// Bytes [..] of numbers [..] from -1 to 1: one of the two codes a number lies between, by chance and so that the mean is the number.
    /// </summary>
    public Tensor Encode(Tensor numbers, Generator chance)
    {
        using var scope = NewDisposeScope();
        Tensor code = bucketize(numbers, _above.narrow(0, 0, 255), false, true);   // of the largest that is not above the number
        Tensor below = Decode(code), above = _above.index_select(0, code.view(-1)).view(numbers.shape);
        Tensor part = (numbers - below).div(above - below);   // below all or at the largest: no number in 0..1, and nothing is added
        Tensor drawn = rand(numbers.shape, ScalarType.Float32, numbers.device, generator: chance);
        return where(drawn.lt(part), code.Plus(1), code).to(ScalarType.Byte).MoveToOuterDisposeScope();
    }

    /// <summary>Numbers [..] of bytes or indices [..].</summary>
    public Tensor Decode(Tensor codes) => _values.index_select(0, codes.view(-1).to(ScalarType.Int64)).view(codes.shape);

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose();
        _above.Dispose();
    }

    private static Tensor On(Device device, float[] values)
    {
        using var scope = NewDisposeScope();
        return tensor(values).to(device).DetachFromDisposeScope();
    }
}
