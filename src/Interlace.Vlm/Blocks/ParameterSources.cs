using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Engine.Kernels;
using static TorchSharp.torch;

namespace Interlace.Vlm.Blocks;

/// <summary>Sources of parameters.</summary>
public static class ParameterSources
{
    /// <summary>
    /// Parameters of a checkpoint. On the CPU a tensor already in the type of the computation is used where it lies in the mapped file,
    /// and so is a large matrix in bf16 or fp16 where the computation is in fp32; others are converted.
    /// </summary>
    /// <exception cref="InputException">A tensor is absent or has another shape than the configuration says.</exception>
    public static ParameterSource From(Checkpoint checkpoint, Device device, ScalarType type) => (name, shape) =>
    {
        var (file, entry) = Find(checkpoint, name, shape);
        return new Parameter(name, Load(file, entry, device, Held(entry.Type, shape, device, type)));
    };

    /// <summary>
    /// Parameters that a checkpoint has and that are not read from it: they have the shape, take no memory, and are no numbers until
    /// others take their place.
    /// </summary>
    /// <exception cref="InputException">A tensor is absent or has another shape than the configuration says.</exception>
    public static ParameterSource Absent(Checkpoint checkpoint, Device device, ScalarType type) => (name, shape) =>
    {
        var (_, entry) = Find(checkpoint, name, shape);
        using var scope = NewDisposeScope();
        Tensor none = empty([1], Held(entry.Type, shape, device, type), device);
        none.Fill(double.NaN);
        return new Parameter(name, none.expand(shape));
    };

    /// <summary>The type in which a model holds a weight of a checkpoint.</summary>
    /// <param name="stored">Its type there.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="device">Where the model runs.</param>
    /// <param name="type">Type of the computation.</param>
    internal static ScalarType Held(ElementType stored, IReadOnlyList<long> shape, Device device, ScalarType type) =>
        device.type == TorchSharp.DeviceType.CPU && type == ScalarType.Float32
            && stored is ElementType.BF16 or ElementType.F16 && NarrowWeights.Stay(shape) ? stored.ToScalarType() : type;

    private static (SafeTensorsFile File, TensorEntry Entry) Find(Checkpoint checkpoint, string name, long[] shape)
    {
        var (file, entry) = checkpoint.Find(name);
        if (entry.Shape.AsSpan().SequenceEqual(shape)) return (file, entry);
        throw new InputException($"Tensor {name} of {checkpoint.Folder} has shape [{string.Join(", ", entry.Shape)}], "
            + $"its config.json asks for [{string.Join(", ", shape)}].");
    }

    /// <summary>A source that adds what it gives to a list.</summary>
    public static ParameterSource Collecting(ParameterSource source, ICollection<Parameter> given) => (name, shape) =>
    {
        Parameter parameter = source(name, shape);
        given.Add(parameter);
        return parameter;
    };

    /// <summary>Records names and shapes and gives empty parameters: what a configuration asks of a checkpoint.</summary>
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
        ScalarType wanted = type ?? mapped.dtype;
        bool inPlace = device.type == TorchSharp.DeviceType.CPU && wanted == mapped.dtype;
        Tensor loaded = inPlace ? mapped : mapped.to(wanted, device);
        return loaded.MoveToOuterDisposeScope();
    }

    private static Tensor Copy(SafeTensorsFile file, TensorEntry entry)
    {
        Tensor copy = empty(entry.Shape, entry.Type.ToScalarType());
        if (entry.Bytes > 0) file.Bytes(entry).CopyTo(copy.bytes);
        return copy;
    }
}
