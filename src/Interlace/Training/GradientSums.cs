using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// The sums of a step's gradients over the ranks: one bucket a tuned layer, from the top down, and one for what else is trained. A bucket
/// is begun as soon as its layer has come through the backward pass of the rank's last micro-batch. Every rank that holds a master gets its
/// sum; elsewhere the gradient is freed.
/// </summary>
internal sealed class GradientSums : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Shares _shares;
    private readonly ICollective _ranks;
    private readonly InTurn _calls;
    private readonly Dictionary<int, int[]> _ofLayer = [];   // by layer, places in the list of parameters
    private readonly int[] _others;
    private readonly Queue<int[]> _left = [];                // buckets of this step that are not begun
    private readonly Tensor?[] _wide;                        // of copies in another type: what has come of the step so far

    /// <param name="model">The model that is tuned.</param>
    /// <param name="tuned">What is trained.</param>
    /// <param name="shares">Who holds what.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="calls">How the ranks are called.</param>
    public GradientSums(VisionLanguageModel model, TrainedParameters tuned, Shares shares, ICollective ranks, InTurn calls)
    {
        (_parameters, _shares, _ranks, _calls) = (tuned.Parameters, shares, ranks, calls);
        _wide = new Tensor?[_parameters.Count];
        var places = _parameters.Index().ToDictionary(p => p.Item, p => p.Index);
        foreach (int l in tuned.Layers.OrderDescending())
        {
            var layer = model.Layers[l];
            var own = layer.Parameters.Concat(layer.Linears.SelectMany(linear => linear.Adapter?.Parameters ?? []));
            _ofLayer[l] = [.. own.Where(places.ContainsKey).Select(parameter => places[parameter])];
        }
        _others = [.. Enumerable.Range(0, _parameters.Count).Except(_ofLayer.Values.SelectMany(bucket => bucket))];
    }

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        _left.Clear();
        foreach (int[] bucket in _ofLayer.Values.Append(_others)) _left.Enqueue(bucket);
    }

    /// <summary>A layer has come through the backward pass of a micro-batch; layers come from the top down.</summary>
    /// <param name="layer">0-based.</param>
    /// <param name="isLast">It is the rank's last micro-batch of the step.</param>
    public void Passed(int layer, bool isLast)
    {
        if (!_ofLayer.TryGetValue(layer, out int[]? bucket)) return;
        Widen(bucket);
        if (isLast && ReferenceEquals(_left.Peek(), bucket)) BeginSum(_left.Dequeue());
    }

    /// <summary>A micro-batch is through.</summary>
    public void Passed()
    {
        foreach (int[] bucket in _ofLayer.Values.Append(_others)) Widen(bucket);
    }

    /// <summary>Ends the step: begins what is left, and waits for everything.</summary>
    public void Complete()
    {
        using var part = Profile.Of("ranks");
        while (_left.TryDequeue(out int[]? bucket)) BeginSum(bucket);
        _calls.Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? wide in _wide) wide?.Dispose();
    }

    /// <summary>
    /// The gradient of a copy in 16 bits has them too: those of several micro-batches are added up in the master's type, as where the
    /// master itself is computed with.
    /// </summary>
    private void Widen(int[] bucket)
    {
        using var _ = no_grad();
        foreach (int i in bucket)
        {
            using var scope = NewDisposeScope();
            Tensor value = _parameters[i].Value;
            if (value.dtype == _shares.MasterType || value.grad is not { } gradient) continue;
            Tensor wide = gradient.to(_shares.MasterType);
            value.grad = null;
            if (_wide[i] is { } before) before.Add(wide);
            else _wide[i] = wide.DetachFromDisposeScope();
        }
    }

    private void BeginSum(int[] bucket) => _calls.Begin(() =>
    {
        using var _ = no_grad();
        foreach (int i in bucket) Sum(i);
    });

    private void Sum(int i)
    {
        using var scope = NewDisposeScope();
        Tensor value = _parameters[i].Value;
        Tensor gradient = _wide[i] ?? value.grad ?? zeros(value.shape, _shares.MasterType, value.device);
        _ranks.Sum(gradient, _shares.OwnerOf(i));
        if (_shares.IsOwn(i))
        {
            value.grad = gradient;
            return;
        }
        value.grad = null;
        _wide[i]?.Dispose();
        _wide[i] = null;
    }
}
