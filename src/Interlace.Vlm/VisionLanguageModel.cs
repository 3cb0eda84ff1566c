using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>
/// What runs around a decoder layer: may call <paramref name="layer"/> on the input not at all, once or more, look at both sides, or change the gradient mode.
/// The input is freed after the call; whoever wants to keep it keeps a <c>detach()</c> of it.
/// </summary>
/// <param name="index">0-based layer.</param>
/// <param name="layer">The layer itself, [N, D] -> [N, D].</param>
/// <param name="input">Its true input [N, D].</param>
public delegate Tensor LayerCall(int index, Func<Tensor, Tensor> layer, Tensor input);

/// <summary>Receives named intermediate tensors; they are freed after the call.</summary>
public delegate void Observer(string name, Tensor value);

/// <summary>A decoder layer f_l of a family.</summary>
public interface IDecoderLayer
{
    /// <summary>[N, D] -> [N, D]. <paramref name="index"/> is the layer's place in the model at hand: the cache follows it.</summary>
    Tensor Run(Tensor x, LayerInputs inputs, int index);

    /// <summary>All parameters of the layer.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Its linear layers, in the order in which they run.</summary>
    IReadOnlyList<Linear> Linears { get; }
}

/// <summary>What every layer of one pass shares: rotary angles, sequence boundaries, cache, visual features added between layers.</summary>
public sealed class LayerInputs : IDisposable
{
    /// <summary>Rotary embedding of the N tokens.</summary>
    public required Rotary Rotary { get; init; }

    /// <summary>Attention within the packed sequences; null in a cached step.</summary>
    public PackedAttention? Attention { get; init; }

    /// <summary>The cache in use, or null.</summary>
    public CacheUse? Cache { get; init; }

    /// <summary>Rows of the visual tokens, and per level [V, D] what is added to them (DeepStack).</summary>
    public (Tensor Rows, IReadOnlyList<Tensor> Levels)? Visual { get; init; }

    /// <summary>Sees what every linear layer of the decoder layers reads, or null.</summary>
    public LinearObserver? Observe { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Rotary.Cos.Dispose();
        Rotary.Sin.Dispose();
        Attention?.Dispose();
        foreach (Tensor level in Visual?.Levels ?? []) level.Dispose();
    }
}

/// <summary>How a pass uses the cache: its rows for the N new tokens; with a mask [B, 1, 1, S], which is added to the scores, the N = B tokens are one step of B conversations.</summary>
public sealed record CacheUse(KvCache Cache, Tensor Rows, Tensor? StepMask);

/// <summary>
/// A vision-language model: X0 = Embed(batch), X(l+1) = f_l(X(l)), Logits(X(L)) (paper 3.1). Everything that looks at, skips, repeats or
/// times layers does it through the one loop of <see cref="Hidden(Batch, LayerCall?)"/>.
/// </summary>
public abstract class VisionLanguageModel : IDisposable
{
    /// <summary>What an observer of <see cref="Embed"/> is shown first of a batch with images: the vision tower begins.</summary>
    public const string VisionBegins = "image_grid_thw";

    /// <summary>What it is shown when the vision tower is done.</summary>
    public const string VisionEnds = "vision.merged";

    /// <summary>The decoder layers, 0-based.</summary>
    public abstract IReadOnlyList<IDecoderLayer> Layers { get; }

    /// <summary>All parameters.</summary>
    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Number of levels of visual features that are added by position after the first decoder layers (0 outside Qwen3-VL).</summary>
    public virtual int VisualLevels => 0;

    /// <summary>Type of the computation.</summary>
    public required ScalarType ComputeType { get; init; }

    /// <summary>Where it runs.</summary>
    public required Device Device { get; init; }

    /// <summary>Width D of the residual stream.</summary>
    public abstract int HiddenSize { get; }

    /// <summary>Rows of the output head.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>X0 = [V'; E]: token embeddings with the visual features in place, [N, D], and what the layers share. The caller disposes both.</summary>
    public abstract (Tensor X, LayerInputs Inputs) Embed(Batch batch, CacheUse? cache = null, Observer? observe = null);

    /// <summary>X0 [B, D] of one further token of each of B conversations at the given positions.</summary>
    public abstract (Tensor X, LayerInputs Inputs) EmbedStep(int[] ids, int[] positions, CacheUse cache);

    /// <summary>What is added to the residual stream before layer l (l = L: before the head); the input itself where nothing is.</summary>
    public virtual Tensor Enter(int l, Tensor x, LayerInputs inputs) => x;

    /// <summary>Final norm and head: [n, D] -> [n, vocabulary], in the type of the computation.</summary>
    public abstract Tensor Logits(Tensor x);

    /// <summary>The final norm alone: [n, D] -> [n, D].</summary>
    public abstract Tensor FinalNorm(Tensor x);

    /// <summary>An empty cache for conversations in this many slots.</summary>
    public abstract KvCache NewCache(int slots);

    /// <summary>The same model with these layers alone, in this order, sharing all weights: what a pruned checkpoint computes.</summary>
    /// <param name="kept">0-based layers that stay.</param>
    public abstract VisionLanguageModel Keep(IReadOnlyList<int> kept);

    /// <summary>
    /// Checks that the files that the model was opened from are what they were: asked before anything that was computed with them is kept.
    /// </summary>
    /// <exception cref="InputException">A file has changed, or is gone.</exception>
    public virtual void CheckUnchanged() { }

    /// <summary>The residual stream after the last layer, [N, D]; the final norm belongs to <see cref="Logits"/>.</summary>
    public Tensor Hidden(Batch batch, LayerCall? run = null)
    {
        var (x, inputs) = Embed(batch);                               // X0 = [V'; E]
        using (inputs) return Hidden(x, inputs, run);
    }

    /// <summary>The loop over the layers from X0, which it frees.</summary>
    public Tensor Hidden(Tensor x, LayerInputs inputs, LayerCall? run = null)
    {
        run ??= static (_, layer, x) => layer(x);
        for (int l = 0; l < Layers.Count; l++)
        {
            Tensor input = Replace(x, Enter(l, x, inputs));
            int index = l;
            x = Replace(input, run(l, y => Layers[index].Run(y, inputs, index), input));   // X(l+1) = f(X(l))
        }
        return Replace(x, Enter(Layers.Count, x, inputs));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the parameters.</summary>
    protected virtual void Dispose(bool disposing)
    {
        foreach (var parameter in Parameters) parameter.Dispose();
    }

    private static Tensor Replace(Tensor old, Tensor now)
    {
        if (!ReferenceEquals(old, now)) old.Dispose();
        return now;
    }
}
