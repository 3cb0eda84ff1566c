using Interlace.DemoModel.Scenes;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.DemoModel.Training;

/// <summary>
/// New parameters of a model that is trained from nothing: weights normally distributed with deviation 0.02, projections into a residual stream narrower by the root of twice its length,
/// norms 1, biases 0, and the last layer of every DeepStack merger 0, so that the decoder first learns to read the tokens themselves. Each depends on the seed and its own name alone.
/// </summary>
public static class FreshParameters
{
    /// <summary>Standard deviation of fresh weights.</summary>
    public const double Deviation = 0.02;

    private const string Keys = "self_attn.k_proj.weight", Outputs = "self_attn.o_proj.weight";

    /// <summary>A source of them.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="sizes">Of the model.</param>
    /// <param name="device">Where they go.</param>
    public static ParameterSource Source(long seed, ModelShape sizes, Device device) => (name, shape) =>
    {
        using var scope = NewDisposeScope();
        var parameter = New(name, shape, seed, Spread(name, sizes.Layers), device);
        using var _ = no_grad();
        if (name.EndsWith(Keys, StringComparison.Ordinal)) Alike(parameter, name, seed, sizes, device);
        else if (name.EndsWith(Outputs, StringComparison.Ordinal)) Copying(parameter, name, seed, sizes, device);
        return parameter;
    };

    // The query heads that read the last key head: in each layer they begin as heads that look for what is like the token they look from, and copy it (after Trockman and Kolter, 2023). That is how a word in a
    // question finds the same thing in the image or among the options, and how an answer is taken from there; a small model finds both late.
    private static (int First, int Count) Readers(ModelShape sizes) => ((sizes.KeyHeads - 1) * (sizes.Heads / sizes.KeyHeads), sizes.Heads / sizes.KeyHeads);

    /// <summary>The last head's keys are the projections of the first query head that reads it.</summary>
    private static void Alike(Parameter keys, string name, long seed, ModelShape sizes, Device device)
    {
        using var queries = New(name.Replace(Keys, "self_attn.q_proj.weight", StringComparison.Ordinal), [(long)sizes.Heads * sizes.HeadSize, sizes.Hidden], seed, Deviation, device);
        Block(keys.Value, 0, sizes.KeyHeads - 1, sizes).copy_(Block(queries.Value, 0, Readers(sizes).First, sizes));
    }

    /// <summary>What the readers of the last head put out is the values' projection turned back.</summary>
    private static void Copying(Parameter outputs, string name, long seed, ModelShape sizes, Device device)
    {
        using var values = New(name.Replace(Outputs, "self_attn.v_proj.weight", StringComparison.Ordinal), [(long)sizes.KeyHeads * sizes.HeadSize, sizes.Hidden], seed, Deviation, device);
        var (first, count) = Readers(sizes);
        for (int head = first; head < first + count; head++) Block(outputs.Value, 1, head, sizes).copy_(Block(values.Value, 0, sizes.KeyHeads - 1, sizes).t());
    }

    private static Tensor Block(Tensor weight, int dimension, int head, ModelShape sizes) => weight.narrow(dimension, (long)head * sizes.HeadSize, sizes.HeadSize);

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
