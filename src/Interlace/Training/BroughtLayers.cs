using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Decoder layers whose frozen weights lie elsewhere: they are brought when a layer is about to run, one layer ahead, and dropped behind
/// it.
/// </summary>
/// <param name="model">The model; layers that lie elsewhere have no weights.</param>
/// <param name="calls">How they are fetched.</param>
internal abstract class BroughtLayers(VisionLanguageModel model, InTurn calls)
{
    private Fetched? _next;

    /// <summary>Runs a layer with its weights in place.</summary>
    /// <param name="l">0-based.</param>
    /// <param name="next">The layer that is run behind it; null where there is none.</param>
    /// <param name="run">Runs it.</param>
    public Tensor With(int l, int? next, Func<Tensor> run)
    {
        var fetched = Take(l, next);
        Tensor[] absent = fetched is null ? [] : [.. fetched.Parameters.Zip(fetched.Values, (p, value) => p.Exchange(value))];
        try
        {
            return run();
        }
        finally
        {
            foreach (var (i, none) in absent.Index()) fetched!.Parameters[i].Exchange(none).Dispose();
        }
    }

    /// <summary>Takes part in bringing the layers for a batch that other ranks have.</summary>
    /// <param name="from">The first layer.</param>
    /// <param name="to">The last one, below it where they go down.</param>
    /// <param name="passed">Is told of each layer.</param>
    public virtual void Follow(int from, int to, Action<int>? passed = null)
    {
        int step = from <= to ? 1 : -1;
        for (int l = from; l != to + step; l += step)
        {
            foreach (Tensor value in Take(l, l == to ? null : l + step)?.Values ?? []) value.Dispose();
            passed?.Invoke(l);
        }
    }

    /// <summary>Whether a layer has to be brought, to this rank or by it.</summary>
    protected abstract bool Comes(int l);

    /// <summary>
    /// How the frozen weights of a layer come: tensors for them, none where they are here, and the call that fills these.
    /// </summary>
    protected abstract (Tensor[] Values, Action Call) Coming(int l, Parameter[] frozen);

    /// <summary>The weights of a layer; null where they are here. The next one is then on its way.</summary>
    private Fetched? Take(int l, int? next)
    {
        var fetched = _next is { } ahead && ahead.Layer == l ? ahead : Begin(l);
        _next = null;
        if (fetched is not null) calls.Wait(fetched.Call);
        if (next is { } other && calls.IsBehind) _next = Begin(other);
        return fetched is { Values.Length: > 0 } ? fetched : null;
    }

    private Fetched? Begin(int l)
    {
        if (!Comes(l)) return null;
        using var _ = no_grad();
        Parameter[] frozen = [.. model.Layers[l].Parameters.Where(parameter => !parameter.IsTrainable)];
        var (values, call) = Coming(l, frozen);
        return new(l, calls.Begin(call), frozen, values);
    }

    /// <summary>A layer on its way.</summary>
    /// <param name="Layer">0-based.</param>
    /// <param name="Call">Number of the call that brings it.</param>
    /// <param name="Parameters">Its frozen parameters.</param>
    /// <param name="Values">What takes their places; none where they are here.</param>
    private sealed record Fetched(int Layer, long Call, Parameter[] Parameters, Tensor[] Values);
}
