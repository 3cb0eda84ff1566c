using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>
/// Arrays on their way to the device. To a GPU they go through page-locked memory, and nobody waits for them: the device takes them in its
/// turn, while this thread prepares what comes next. Small arrays that are wanted together travel in one piece, because each way costs the
/// same whatever lies on it.
/// </summary>
public static class Upload
{
    /// <summary>Arrays of integers, in one piece. -> one int64 tensor [n] for each, in their order.</summary>
    public static Tensor[] Together(Device device, params ReadOnlySpan<long[]> arrays)
    {
        using var scope = NewDisposeScope();
        long[] all = new long[Total(arrays)];
        int end = 0;
        foreach (long[] array in arrays)
        {
            array.CopyTo(all, end);
            end += array.Length;
        }
        Tensor sent = Send(tensor(all), device);
        var parts = new Tensor[arrays.Length];
        long start = 0;
        for (int i = 0; i < parts.Length; start += arrays[i++].Length)
            parts[i] = sent.narrow(0, start, arrays[i].Length).MoveToOuterDisposeScope();
        return parts;
    }

    /// <summary>Integers. -> [n] int64.</summary>
    public static Tensor Of(long[] values, Device device) => Send(tensor(values), device);

    /// <summary>Numbers. -> [n] fp32.</summary>
    public static Tensor Of(float[] values, Device device) => Send(tensor(values), device);

    /// <summary>Bytes, such as pixels. -> [n] uint8.</summary>
    public static Tensor Of(byte[] values, Device device) => Send(tensor(values, ScalarType.Byte), device);

    /// <summary>A tensor on the CPU, which is freed unless it is there already. -> the same on the device.</summary>
    public static Tensor Of(Tensor values, Device device) => Send(values, device);

    /// <summary>Zeros in the memory of the machine, page-locked where the device is a GPU.</summary>
    public static Tensor HostZeros(long[] shape, ScalarType type, Device device)
    {
        Tensor zero = zeros(shape, type, CPU);
        if (device.type != DeviceType.CUDA) return zero;
        using (zero) return zero.pin_memory();
    }

    private static int Total(ReadOnlySpan<long[]> arrays)
    {
        int total = 0;
        foreach (long[] array in arrays) total = checked(total + array.Length);
        return total;
    }

    /// <summary>Page-locked memory is freed when the device has read it: the engine keeps account of that.</summary>
    private static Tensor Send(Tensor values, Device device)
    {
        if (device.type == DeviceType.CPU) return values;
        using (values)
        {
            if (device.type != DeviceType.CUDA || values.numel() == 0) return values.to(device);
            using Tensor locked = values.pin_memory();
            return locked.to(device, non_blocking: true);
        }
    }
}
