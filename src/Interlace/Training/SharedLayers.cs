using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Ranks;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Frozen decoder layers of which each rank holds a share (the third stage of ZeRO: Rajbhandari et al., 2020): a layer's owner gives it to
/// all when they are about to run it, one layer ahead, and they drop it behind it. All ranks go through the layers alike, whether they have
/// a batch or not.
/// </summary>
/// <param name="model">The model; layers that others own have no weights.</param>
/// <param name="owners">By layer the rank that holds it; null where all do.</param>
/// <param name="ranks">The ranks.</param>
/// <param name="calls">How the ranks are called.</param>
internal sealed class SharedLayers(VisionLanguageModel model, IReadOnlyList<int?> owners, ICollective ranks, InTurn calls)
{
    private Fetched? _next;

    /// <summary>
    /// By layer of the pruned model the rank that holds it, null where all do: layers that are trained as they are all hold, frozen ones go
    /// round.
    /// </summary>
    /// <param name="plan">The plan of the pruned model.</param>
    /// <param name="options">How it is tuned.</param>
    /// <param name="ranks">Ranks.</param>
    /// <returns>Null where nothing is shared.</returns>
    public static IReadOnlyList<int?>? Owners(PruningPlan plan, FineTuneOptions options, int ranks)
    {
        if (options.Shard != FineTuneOptions.ShareAll || ranks == 1) return null;
        int[] trained = options.Lora > 0 ? [] : TrainedParameters.LayersOf(options.Train, plan.TuneNew, plan.Kept.Length);
        int frozen = 0;
        return [.. Enumerable.Range(0, plan.Kept.Length).Select(l => trained.Contains(l) ? (int?)null : frozen++ % ranks)];
    }

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

    /// <summary>Takes part in giving the layers round for a batch that other ranks have.</summary>
    /// <param name="from">The first layer.</param>
    /// <param name="to">The last one, below it where they go down.</param>
    /// <param name="passed">Is told of each layer.</param>
    public void Follow(int from, int to, Action<int>? passed = null)
    {
        int step = from <= to ? 1 : -1;
        for (int l = from; l != to + step; l += step)
        {
            foreach (Tensor value in Take(l, l == to ? null : l + step)?.Values ?? []) value.Dispose();
            passed?.Invoke(l);
        }
    }

    /// <summary>The weights of a layer; null where this rank holds them. The next one is then on its way.</summary>
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
        if (owners[l] is not { } owner) return null;
        using var _ = no_grad();
        Parameter[] frozen = [.. model.Layers[l].Parameters.Where(parameter => !parameter.IsTrainable)];
        bool holds = owner == ranks.Rank;
        Tensor[] values = holds ? [] : [.. frozen.Select(p => p.Value)
            .Select(absent => empty(absent.shape, absent.dtype, absent.device).DetachFromDisposeScope())];
        long call = calls.Begin(() =>
        {
            using var part = Profile.Of("layers of other ranks");
            foreach (Tensor value in holds ? frozen.Select(p => p.Value) : values) ranks.Broadcast(value, owner);
        });
        return new(l, call, frozen, values);
    }

    /// <summary>A layer on its way.</summary>
    /// <param name="Layer">0-based.</param>
    /// <param name="Call">Number of the call that brings it.</param>
    /// <param name="Parameters">Its frozen parameters.</param>
    /// <param name="Values">What takes their places; none where this rank holds them.</param>
    private sealed record Fetched(int Layer, long Call, Parameter[] Parameters, Tensor[] Values);
}
