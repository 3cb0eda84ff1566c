using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Interlace.Vlm.Engine;

/// <summary>What the processor can do.</summary>
public static class Cpu
{
    /// <summary>The extensions that matter to matrix products, in the names of their makers.</summary>
    public static IReadOnlyList<string> Features { get; } = [.. DetectFeatures()];

    /// <summary>Has instructions that multiply bfloat16 matrices (AVX512-BF16 or AMX-BF16).</summary>
    public static bool HasBFloat16 { get; } = Features.Contains("avx512-bf16") || Features.Contains("amx-bf16");

    /// <summary>Its maker is AMD.</summary>
    public static bool IsAmd { get; } = Maker() == "AuthenticAMD";

    /// <summary>Physical cores that this process may use, at least 1.</summary>
    public static int Cores { get; } = Math.Max(1, Math.Min(PhysicalCores() ?? Environment.ProcessorCount, Environment.ProcessorCount));

    /// <summary>Physical cores of the machine, those too that this process may not use.</summary>
    public static int MachineCores { get; } = Math.Max(Cores, PhysicalCores() ?? Environment.ProcessorCount);

    private static IEnumerable<string> DetectFeatures()
    {
        if (AdvSimd.IsSupported) yield return "neon";
        if (!X86Base.IsSupported) yield break;
        if (Avx2.IsSupported) yield return "avx2";
        if (Fma.IsSupported) yield return "fma";
        if (!Avx512F.IsSupported) yield break;   // answers for the system too, which must save the wide registers
        yield return "avx512";
        (int highest, _, _, _) = X86Base.CpuId(0, 0);
        if (highest < 7) yield break;
        (int subleaves, _, _, int matrix) = X86Base.CpuId(7, 0);
        if (subleaves >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0) yield return "avx512-bf16";
        if ((matrix & (1 << 22)) != 0) yield return "amx-bf16";
    }

    private static string Maker()
    {
        if (!X86Base.IsSupported) return "";
        (_, int first, int last, int middle) = X86Base.CpuId(0, 0);
        return System.Text.Encoding.ASCII.GetString(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>([first, middle, last]));
    }

    /// <summary>Distinct cores of Linux's list of processors; null elsewhere or where it does not tell.</summary>
    private static int? PhysicalCores()
    {
        const string list = "/proc/cpuinfo";
        if (!File.Exists(list)) return null;
        var cores = new HashSet<(string, string)>();
        string package = "";
        foreach (string line in File.ReadLines(list))
        {
            if (line.Split(':', 2, StringSplitOptions.TrimEntries) is not [var name, var value]) continue;
            if (name == "physical id") package = value;
            else if (name == "core id") cores.Add((package, value));
        }
        return cores.Count > 0 ? cores.Count : null;
    }
}
