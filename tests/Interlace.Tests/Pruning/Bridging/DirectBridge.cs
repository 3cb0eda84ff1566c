using Interlace.Pruning;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Pruning.Bridging;

/// <summary>
/// One bridge solved directly, over all tokens at once: what the feed-forward gives is computed from what its last weights read, the rest of
/// the stream is what is left of the layer's output, and what the pruned model adds between two layers is the difference between what leaves
/// one and enters the next. The ridge stands as further rows of a least-squares problem.
/// </summary>
/// <param name="Bridge">T [D, D] in float64.</param>
/// <param name="Before">|M + Y - X| / |X|.</param>
/// <param name="After">|M T + Y - X| / |X|.</param>
internal sealed record DirectBridge(Tensor Bridge, double Before, double After)
{
    /// <param name="whole">The unpruned model.</param>
    /// <param name="bridged">The same with the bridges below in place.</param>
    /// <param name="pruned">That one without the dropped layers.</param>
    /// <param name="samples">All samples.</param>
    /// <param name="plan">What is dropped.</param>
    /// <param name="layer">Original index of the layer before a run.</param>
    /// <param name="next">Original index of the layer behind it; L where there is none.</param>
    /// <param name="ridge">As a part of the mean square of M's columns.</param>
    public static DirectBridge Of(VisionLanguageModel whole, VisionLanguageModel bridged, VisionLanguageModel pruned, EncodedSample[] samples, PruningPlan plan, int layer, int next, double ridge)
    {
        using var _ = no_grad();
        Tensor wanted = Inputs(whole, samples)[next];
        int place = plan.NewIndex(layer)!.Value;
        Tensor? output = null, given = null;
        Tensor entered = Inputs(pruned, samples, (l, layerOutput) => { if (l == place) output = layerOutput; },
            (weight, input) => { if (weight == bridged.Layers[layer].FeedForwardOutput.Weight) given = Wide(input.clone()).MoveToOuterDisposeScope(); })[place + 1];
        Tensor m = given!.matmul(Wide(bridged.Layers[layer].FeedForwardOutput.Weight.Value).t());
        if (bridged.Layers[layer].FeedForwardOutput.Bias is { } bias) m = m.Plus(Wide(bias.Value));
        Tensor target = Minus(Minus(wanted, Minus(entered, output!)), Minus(output!, m));   // for M T
        double root = Math.Sqrt(ridge * m.mul(m).sum().item<double>() / m.shape[1]);
        Tensor held = eye(m.shape[1], dtype: ScalarType.Float64).Times(root);
        Tensor bridge = ridge == 0 ? linalg.lstsq(m, target).Solution : linalg.lstsq(cat([m, held]), cat([target, held])).Solution;
        Tensor state = Minus(wanted, Minus(entered, output!));
        return new(bridge, Relative(Minus(m, target), state), Relative(Minus(m.matmul(bridge), target), state));
    }

    /// <summary>|a| / |b|.</summary>
    public static double Relative(Tensor a, Tensor b) => Math.Sqrt((a.mul(a).sum() / b.mul(b).sum()).item<double>());

    public static Tensor Minus(Tensor a, Tensor b) => a.Plus(b.neg());

    public static Tensor Wide(Tensor values) => values.to(ScalarType.Float64);

    /// <summary>What enters every layer, and the final norm, in float64.</summary>
    private static Tensor[] Inputs(VisionLanguageModel model, EncodedSample[] samples, Action<int, Tensor>? outputs = null, LinearObserver? observe = null)
    {
        using var batch = Batch.Pack(samples, CPU);
        var (x, embedded) = model.Embed(batch);
        using (embedded)
        {
            using var pass = model.NewPass(batch, added: embedded.Added, observe: observe);
            var inputs = new List<Tensor>();
            Tensor last = model.Hidden(x, pass, (l, layer, input) =>
            {
                inputs.Add(Wide(input.clone()));
                Tensor output = layer(input);
                outputs?.Invoke(l, Wide(output.clone()));
                return output;
            });
            return [.. inputs, Wide(last)];
        }
    }
}
