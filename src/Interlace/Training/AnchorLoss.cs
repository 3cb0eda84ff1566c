using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Squared differences between the states behind the anchors and those of the unpruned model. Going up the layers each state is compared;
/// going down its gradient is added to the one that runs there.
/// </summary>
/// <param name="states">By layer of the tuned model, the unpruned model's state [N, D]; freed as they are used.</param>
/// <param name="scale">What the summed squares are multiplied by in the loss.</param>
/// <param name="lowest">The lowest layer that needs a gradient: below it squares are summed and no gradient is kept.</param>
internal sealed class AnchorLoss(IReadOnlyDictionary<int, Tensor> states, double scale, int lowest)
{
    private readonly Dictionary<int, Tensor> _gradients = [];
    private Tensor? _sum;   // fp64, on the device: nothing waits for it

    /// <summary>The squared differences, summed over anchors, tokens and elements in fp64.</summary>
    public double Sum => _sum?.item<double>() ?? 0;

    /// <summary>Compares the state [N, D] behind layer l, where that is an anchor.</summary>
    public void Compare(int l, Tensor state)
    {
        if (!states.TryGetValue(l, out Tensor? expected)) return;
        using var scope = NewDisposeScope();
        Tensor difference = state.detach().to(ScalarType.Float32) - expected.to(ScalarType.Float32);
        Tensor squares = difference.mul(difference).sum(type: ScalarType.Float64);
        _sum = (_sum is null ? squares : _sum.Plus(squares)).MoveToOuterDisposeScope();
        if (l >= lowest) _gradients[l] = difference.Times(2 * scale).to(state.dtype).MoveToOuterDisposeScope();
        expected.Dispose();
    }

    /// <summary>Adds its gradient to the one [N, D] at the output of layer l, where that is an anchor.</summary>
    public void AddTo(int l, Tensor gradient)
    {
        if (!_gradients.Remove(l, out Tensor? own)) return;
        gradient.Add(own);
        own.Dispose();
    }
}
