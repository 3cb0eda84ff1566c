using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine.Kernels;

/// <summary>What the kernels that walk over rows of a tensor share.</summary>
internal static unsafe class Rows
{
    /// <summary>Numbers of a part of the work: less is not worth another thread.</summary>
    private const long PartSize = 1 << 16;

    /// <summary>They are used on this machine: it computes with eight numbers at a time or more.</summary>
    public static bool AreFast { get; internal set; } = Vector256.IsHardwareAccelerated;

    /// <summary>A tensor lies where they can walk over it: on the CPU, in one of their types, the numbers of a row end to end.</summary>
    public static bool Serves(Tensor x) =>
        AreFast && x.device_type == DeviceType.CPU && x.dtype is ScalarType.Float32 or ScalarType.BFloat16
        && x.dim() > 0 && x.stride(-1) == 1;

    /// <summary>Somebody wants a gradient with respect to one of them.</summary>
    public static bool HasGradient(Tensor x, Tensor? other = null) =>
        is_grad_enabled() && (x.requires_grad || other?.requires_grad == true);

    /// <summary>So few numbers that a gradient of ours, with its calls back and forth, takes longer than the engine's.</summary>
    public static bool IsSmallGradient(Tensor x, Tensor? other = null) => x.numel() < PartSize && HasGradient(x, other);

    /// <summary>Two tensors have the same sizes. (A list of sizes is an array that somebody clears away.)</summary>
    public static bool AreAlike(Tensor a, Tensor b)
    {
        if (a.dim() != b.dim()) return false;
        for (int i = 0; i < a.dim(); i++)
            if (a.size(i) != b.size(i)) return false;
        return true;
    }

    /// <summary>Rows of a part, by their length alone.</summary>
    public static int InPart(int length) => (int)Math.Max(1, PartSize / Math.Max(1, length));

    /// <summary>Gives all rows to the threads, some at a time: (part, first row, row behind the last).</summary>
    public static void Run(long count, int length, Action<int, long, long> rows)
    {
        int each = InPart(length);
        Workers.Share((int)((count + each - 1) / each), part => rows(part, (long)part * each, Math.Min(count, (long)(part + 1) * each)));
    }
}
