using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>
/// One named weight of a model. A frozen one may lie in the mapped checkpoint, narrower than what is computed, and must not be written to;
/// a trainable one is an fp32 master copy with a gradient, cast to the compute type where it is used.
/// </summary>
public sealed class Parameter(string name, Tensor value) : IDisposable
{
    /// <summary>Name in the checkpoint.</summary>
    public string Name { get; } = name;

    /// <summary>The weight itself.</summary>
    public Tensor Value { get; private set; } = value.DetachFromDisposeScope();

    /// <summary>True after <see cref="Train"/>.</summary>
    public bool IsTrainable => Value.requires_grad;

    /// <summary>The weight in the type of the computation; gradients flow through the cast.</summary>
    public Tensor As(ScalarType type) => Value.dtype == type ? Value : Value.to(type);

    /// <summary>
    /// Makes this an fp32 leaf with a gradient (a bf16 update at a rate of 1e-5 would round to zero). Frozen weights keep what they are.
    /// </summary>
    /// <param name="type">Another type of the leaf and its gradient: bf16 where updates are rounded by chance.</param>
    public void Train(ScalarType type = ScalarType.Float32)
    {
        if (IsTrainable) return;
        var master = Value.to(type, copy: true).DetachFromDisposeScope();
        Value.Dispose();
        Value = master.requires_grad_();
    }

    /// <summary>Holds a trainable weight in another type from here on; a gradient that it has is dropped.</summary>
    /// <param name="type">The type.</param>
    /// <exception cref="InvalidOperationException">It is frozen.</exception>
    public void Hold(ScalarType type)
    {
        if (!IsTrainable) throw new InvalidOperationException($"{Name} is frozen.");
        if (Value.dtype == type) return;
        using var _ = no_grad();
        Tensor held = Value.to(type).DetachFromDisposeScope();
        Value.Dispose();
        Value = held.requires_grad_();
    }

    /// <summary>
    /// Puts a value of the same shape in the place of a frozen weight. The caller then owns the old one, and may put it back.
    /// </summary>
    public Tensor Exchange(Tensor value)
    {
        if (IsTrainable) throw new InvalidOperationException($"{Name} is being trained.");
        if (!value.shape.AsSpan().SequenceEqual(Value.shape))
        {
            string sizes = $"{Name} has shape [{string.Join(", ", Value.shape)}], the new value [{string.Join(", ", value.shape)}].";
            throw new ArgumentException(sizes, nameof(value));
        }
        Tensor old = Value;
        Value = value.DetachFromDisposeScope();
        return old;
    }

    /// <summary>
    /// Makes this an fp32 leaf with a gradient until what is returned is disposed; then it is the weight it was, not a byte changed.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is trainable already.</exception>
    public IDisposable TrainForNow()
    {
        if (IsTrainable) throw new InvalidOperationException($"{Name} is trainable already");
        Tensor frozen = Value;
        Value = frozen.to(ScalarType.Float32, copy: true).DetachFromDisposeScope().requires_grad_();
        return new Loan(() =>
        {
            Value.Dispose();
            Value = frozen;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => Value.Dispose();

    private sealed class Loan(Action giveBack) : IDisposable
    {
        public void Dispose() => giveBack();
    }
}
