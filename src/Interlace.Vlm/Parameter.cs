using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>Where a model's parameters come from: called once per parameter, with the name it has in the checkpoint and its shape.</summary>
public delegate Parameter ParameterSource(string name, params long[] shape);

/// <summary>
/// One named weight of a model. A frozen one may lie in the mapped checkpoint and must not be written to; a trainable one is an fp32 master copy
/// with a gradient, cast to the compute type where it is used.
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

    /// <summary>Makes this an fp32 leaf with a gradient (a bf16 update at a rate of 1e-5 would round to zero). Frozen weights keep what they are.</summary>
    public void Train()
    {
        if (IsTrainable) return;
        var master = Value.to(ScalarType.Float32, copy: true).DetachFromDisposeScope();
        Value.Dispose();
        Value = master.requires_grad_();
    }

    /// <summary>Puts a value of the same shape in the place of a frozen weight. The caller then owns the old one, and may put it back.</summary>
    public Tensor Exchange(Tensor value)
    {
        if (IsTrainable) throw new InvalidOperationException($"{Name} is being trained.");
        if (!value.shape.AsSpan().SequenceEqual(Value.shape)) throw new ArgumentException($"{Name} has shape [{string.Join(", ", Value.shape)}], the new value [{string.Join(", ", value.shape)}].", nameof(value));
        Tensor old = Value;
        Value = value.DetachFromDisposeScope();
        return old;
    }

    /// <summary>Makes this an fp32 leaf with a gradient until what is returned is disposed; then it is the weight it was, not a byte changed.</summary>
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

/// <summary>Sources of parameters.</summary>
public static class ParameterSources
{
    /// <summary>
    /// Parameters of a checkpoint. On the CPU a tensor already in the type of the computation is used where it lies in the mapped file; others are converted.
    /// </summary>
    /// <exception cref="InputException">A tensor is absent or has another shape than the configuration says.</exception>
    public static ParameterSource From(Checkpoint checkpoint, Device device, ScalarType type) => (name, shape) =>
    {
        var (file, entry) = checkpoint.Find(name);
        if (!entry.Shape.AsSpan().SequenceEqual(shape))
            throw new InputException($"Tensor {name} of {checkpoint.Folder} has shape [{string.Join(", ", entry.Shape)}], its config.json asks for [{string.Join(", ", shape)}].");
        return new Parameter(name, Load(file, entry, device, type));
    };

    /// <summary>Notes names and shapes and gives empty parameters: what a configuration asks of a checkpoint.</summary>
    public static ParameterSource Recorder(IDictionary<string, long[]> expected) => (name, shape) =>
    {
        expected[name] = shape;
        return new Parameter(name, empty(0));
    };

    /// <summary>One tensor of a file as the engine's: mapped where type, device and alignment allow it, else a copy.</summary>
    public static unsafe Tensor Load(SafeTensorsFile file, TensorEntry entry, Device device, ScalarType? type = null)
    {
        bool aligned = entry.Offset % entry.Type.Size() == 0;
        using var scope = NewDisposeScope();
        Tensor mapped = aligned && entry.Bytes > 0
            ? Aten.FromMemory(file.Pointer(entry), entry.Shape, entry.Type.ToScalarType())
            : Copy(file, entry);
        Tensor loaded = device.type == TorchSharp.DeviceType.CPU && (type ?? mapped.dtype) == mapped.dtype ? mapped : mapped.to(type ?? mapped.dtype, device);
        return loaded.MoveToOuterDisposeScope();
    }

    private static Tensor Copy(SafeTensorsFile file, TensorEntry entry)
    {
        Tensor copy = empty(entry.Shape, entry.Type.ToScalarType());
        if (entry.Bytes > 0) file.Bytes(entry).CopyTo(copy.bytes);
        return copy;
    }
}
