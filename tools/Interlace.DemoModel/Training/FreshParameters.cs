using Interlace.DemoModel.Scenes;
using Interlace.Vlm;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>
/// New parameters of a model that is trained from nothing: weights normally distributed with deviation 0.02, projections into a residual stream narrower by the root of twice its length,
/// norms 1, biases 0, and the last layer of every DeepStack merger 0, so that the decoder first learns to read the tokens themselves. Each depends on the seed and its own name alone.
/// </summary>
public static class FreshParameters
{
    private const double Deviation = 0.02;

    /// <summary>A source of them.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="device">Where they go.</param>
    public static ParameterSource Source(long seed, int layers, Device device) => (name, shape) => New(name, shape, seed, Spread(name, layers), device);

    /// <summary>A normally distributed one.</summary>
    public static Parameter New(string name, long[] shape, long seed, double deviation, Device device)
    {
        float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        if (IsNorm(name)) Array.Fill(values, 1f);
        else if (deviation > 0)
        {
            var chance = Chance.Of($"parameter {name}", seed, 0);
            for (int i = 0; i < values.Length; i++) values[i] = (float)(deviation * chance.Normal());
        }
        using var scope = NewDisposeScope();
        return new Parameter(name, tensor(values).view(shape).to(device));
    }

    private static double Spread(string name, int layers) =>
        name.EndsWith(".bias", StringComparison.Ordinal) || name.Contains("deepstack_merger_list", StringComparison.Ordinal) && name.EndsWith("linear_fc2.weight", StringComparison.Ordinal) ? 0
        : name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal) ? Deviation / Math.Sqrt(2 * layers) : Deviation;

    private static bool IsNorm(string name) => name.EndsWith(".weight", StringComparison.Ordinal) && name.Split('.')[^2] is var part && (part.EndsWith("norm", StringComparison.Ordinal) || part is "norm1" or "norm2");
}
