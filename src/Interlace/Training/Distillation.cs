using Interlace.Vlm;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// Learning from the unpruned model (Hinton, Vinyals and Dean, 2015):
/// the loss of an answer token is (1 - w) times its cross-entropy and w T^2 times KL(p || q), p and q being what
/// the unpruned and the tuned model predict there from logits divided by T (<see cref="TaughtLogits"/>). The factor T^2 keeps the size of
/// the gradient.
/// Beside that, or instead, the states behind some layers are compared (FitNets: Romero et al., 2015).
/// </summary>
/// <param name="Parent">The unpruned model, which stays as it is.</param>
/// <param name="Weight">w, from 0 to 1.</param>
/// <param name="Temperature">T, above 0.</param>
/// <param name="Anchors">The layers behind which states are compared; none where absent.</param>
public sealed record Distillation(VisionLanguageModel Parent, double Weight, double Temperature, IReadOnlyList<Anchor>? Anchors = null)
{
    /// <summary>Brings the weights of its layers, where they lie elsewhere.</summary>
    internal BroughtLayers? Brought { get; init; }

    /// <summary>
    /// Whether a model makes the same X0 as the unpruned one, so that one embedding with one pass of the vision encoder serves both.
    /// </summary>
    public bool EmbedsAsIn(VisionLanguageModel model)
    {
        using var _ = no_grad();
        var (own, other) = (Parent.InputParameters, model.InputParameters);
        return Parent.ComputeType == model.ComputeType && Parent.AddedLevels == model.AddedLevels && own.Count == other.Count
            && own.Zip(other).All(pair => AreEqual(pair.First.Value, pair.Second.Value));
    }

    /// <summary>One pass of the unpruned model, no further up than it is needed.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="x0">X0 of the tuned model where both have the same, which stays the caller's; else null.</param>
    /// <param name="added">What goes with it: features that are added between layers, or null.</param>
    /// <returns>What is learnt; the caller frees its tensors.</returns>
    public ParentOutputs Teach(Batch batch, Tensor? x0 = null, AddedFeatures? added = null)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (x, pass) = x0 is null ? Parent.Embed(batch) : (x0.detach(), PassOver(batch, added));
        var states = new Dictionary<int, Tensor>();
        int last = Weight > 0 ? Parent.Layers.Count - 1 : (Anchors ?? []).Max(anchor => anchor.Original);
        using (pass)
        {
            Tensor hidden = Parent.Hidden(x, pass, (l, layer, input) =>
            {
                if (l > last) return input;
                Tensor output = Brought?.With(l, l < last ? l + 1 : null, () => layer(input)) ?? layer(input);
                foreach (var anchor in (Anchors ?? []).Where(anchor => anchor.Original == l))
                    states[anchor.Layer] = output.alias().MoveToOuterDisposeScope();
                return output;
            });
            return new(Weight > 0 ? hidden.index_select(0, batch.AnswerRows).MoveToOuterDisposeScope() : null, states);
        }
    }

    /// <summary>What the unpruned model predicts at some answer tokens.</summary>
    /// <param name="rows">[n, D] of <see cref="ParentOutputs.Rows"/>.</param>
    public TaughtLogits Predictions(Tensor rows)
    {
        using var _ = no_grad();
        return new(Parent.Logits(rows), Weight, Temperature);
    }

    /// <summary>A pass of the unpruned model over what another has embedded; it frees handles of its own alone.</summary>
    private Pass PassOver(Batch batch, AddedFeatures? added) =>
        Parent.NewPass(batch, added: added is null ? null : added with { Levels = [.. added.Levels.Select(level => level.alias())] });

    private static bool AreEqual(Tensor a, Tensor b)
    {
        if (ReferenceEquals(a, b)) return true;
        using var scope = NewDisposeScope();
        return a.shape.AsSpan().SequenceEqual(b.shape) && a.dtype == b.dtype && a.eq(b).all().item<bool>();
    }
}
