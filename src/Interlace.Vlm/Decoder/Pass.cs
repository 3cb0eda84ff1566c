using Interlace.Vlm.Blocks;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Decoder;

/// <summary>
/// What the decoder layers of one pass share: the turns of its tokens' positions, what they may see, and
/// visual features that are added between layers.
/// </summary>
public abstract class Pass : IDisposable
{
    /// <summary>Turns of the N tokens by their positions.</summary>
    public required Rotary Rotary { get; init; }

    /// <summary>Those of layers that see a window, where they differ; or null.</summary>
    public Rotary? SlidingRotary { get; init; }

    /// <summary>Visual features that are added between the first layers (DeepStack), or null.</summary>
    public AddedFeatures? Added { get; init; }

    /// <summary>Sees what every linear layer of the decoder layers reads, or null.</summary>
    public LinearObserver? Observe { get; init; }

    /// <summary>Sees what the feed-forward of every decoder layer adds, and to what, or null.</summary>
    public FeedForwardObserver? ObserveFeedForward { get; init; }

    /// <summary>Sees which experts the tokens of every layer go to, or null.</summary>
    public ExpertObserver? ObserveExperts { get; set; }

    /// <summary>What the attention scores are multiplied by; 1 / sqrt(d) where absent.</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Rows that go through the rest of a layer together, beside its attention.</summary>
    public long RowsAtOnce { get; init; } = RowBlocks.Rows;

    /// <summary>Calls the pass off, between the parts of its layers.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The turns in a layer of a kind.</summary>
    public Rotary RotaryOf(AttentionKind kind) => kind == AttentionKind.Sliding ? SlidingRotary ?? Rotary : Rotary;

    /// <summary>
    /// Work on the rows of the pass by <see cref="RowBlocks.Run"/>; where somebody looks on, on all of them at once.
    /// </summary>
    /// <exception cref="OperationCanceledException">The pass was called off.</exception>
    internal Tensor[] InBlocks(long count, Func<Func<Tensor, Tensor>, Tensor[]> run)
    {
        bool isObserved = Observe is not null || ObserveFeedForward is not null || ObserveExperts is not null;
        return RowBlocks.Run(count, isObserved ? count : RowsAtOnce, rows =>
        {
            Cancellation.ThrowIfCancellationRequested();
            return run(rows);
        });
    }

    /// <summary>What the queries read: q [N, H, d], k and v [N, G, d] -> [N, H * d].</summary>
    /// <param name="layer">0-based layer: a cache follows it.</param>
    /// <param name="kind">What the layer's tokens see.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    public abstract Tensor Attend(int layer, AttentionKind kind, Tensor q, Tensor k, Tensor v);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the pass holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (Rotary? turns in (ReadOnlySpan<Rotary?>)[Rotary, SlidingRotary])
        {
            turns?.Cos.Dispose();
            turns?.Sin.Dispose();
        }
        Added?.Dispose();
    }
}
