using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Sparsity;

/// <summary>Wanda's norms in the plainest way: whole passes, one sample at a time, in fp64.</summary>
internal static class SummedInputs
{
    /// <summary>The norm of every input column of the linear layers of one decoder layer, by the name of the weight.</summary>
    public static Dictionary<string, double[]> Norms(VisionLanguageModel model, IReadOnlyList<EncodedSample> samples, int l)
    {
        var sums = model.Layers[l].Linears.ToDictionary(linear => linear.Weight.Name, linear => new double[linear.Weight.Value.shape[1]]);
        foreach (var sample in samples)
            Observe(model, sample, (weight, input) =>
            {
                if (!sums.TryGetValue(weight.Name, out double[]? sum)) return;
                float[] values = input.contiguous().data<float>().ToArray();
                for (int i = 0; i < values.Length; i++) sum[i % sum.Length] += (double)values[i] * values[i];
            }, (at, layer, x) => at <= l ? layer(x) : x);
        return sums.ToDictionary(entry => entry.Key, entry => entry.Value.Select(sum => Math.Sqrt(sum / samples.Count)).ToArray());
    }

    /// <summary>A whole pass over one sample whose linear layers are observed. The residual stream behind the last layer, which the caller's scope holds.</summary>
    public static Tensor Observe(VisionLanguageModel model, EncodedSample sample, LinearObserver observe, LayerCall? run = null)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var batch = Batch.Pack([sample], model.Device);
        var (x, embedded) = model.Embed(batch);
        using var pass = model.NewPass(batch, added: embedded.Added, observe: observe);
        return model.Hidden(x, pass, run).MoveToOuterDisposeScope();
    }
}
