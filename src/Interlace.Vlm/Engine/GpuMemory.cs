using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>How much memory a GPU has, which its runtime tells: the engine loads it, and has no way of its own to ask.</summary>
public static unsafe class GpuMemory
{
    private static readonly string[] Runtimes = ["libcudart.so.13", "libcudart.so.12", "cudart64_13.dll", "cudart64_12.dll"];

    /// <summary>Bytes of all of it; null on a CPU, and where nobody tells.</summary>
    public static long? Total(Device device) => Ask(device)?.Total;

    /// <summary>Bytes that no process uses, of those of the current device; null on a CPU, and where nobody tells.</summary>
    public static long? Free(Device device) => Ask(device)?.Free;

    private static (long Free, long Total)? Ask(Device device)
    {
        if (device.type != DeviceType.CUDA) return null;
        foreach (string name in Runtimes)
        {
            if (!NativeLibrary.TryLoad(name, out nint runtime)) continue;
            if (!NativeLibrary.TryGetExport(runtime, "cudaMemGetInfo", out nint function)) continue;
            nuint free = 0, total = 0;
            if (((delegate* unmanaged[Cdecl]<nuint*, nuint*, int>)function)(&free, &total) == 0) return ((long)free, (long)total);
        }
        return null;
    }
}
