using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>Where and in which type is computed.</summary>
/// <param name="Device">CPU or CUDA.</param>
/// <param name="Type">float32 or bfloat16.</param>
/// <param name="Threads">Threads of the engine on the CPU.</param>
public sealed record Compute(Device Device, ScalarType Type, int Threads)
{
    /// <summary>Name of the type as the options have it: fp32 or bf16.</summary>
    public string TypeName => NameOf(Type);

    /// <summary>
    /// Chooses and sets the number of threads. auto takes CUDA where there is one; auto takes bf16 on CUDA and on a CPU with instructions
    /// for it, else fp32 (without them bf16 is far slower than fp32).
    /// </summary>
    /// <param name="device">auto, cpu or cuda.</param>
    /// <param name="type">auto, fp32 or bf16.</param>
    /// <param name="threads">Threads of the engine; one per physical core where absent.</param>
    /// <param name="localCount">Processes of the job on this machine, which share its cores.</param>
    /// <exception cref="InputException">A name is unknown, there is no CUDA device, the engine is of another version than this program
    /// needs, or the process may not use the memory that it needs.</exception>
    public static Compute Choose(string device = "auto", string type = "auto", int? threads = null,
        int localCount = 1)
    {
        LoadEngine();
        Device chosen = device switch
        {
            "auto" => cuda.is_available() ? CUDA : CPU,
            "cpu" => CPU,
            "cuda" => cuda.is_available() ? CUDA : throw new InputException("No CUDA device can be used here: "
                + "choose --device cpu, or see interlace doctor."),
            _ => throw new InputException($"The device is '{device}', expected auto, cpu or cuda."),
        };
        ScalarType scalar = type switch
        {
            "auto" => chosen.type == DeviceType.CUDA || Cpu.HasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
            "fp32" => ScalarType.Float32,
            "bf16" => ScalarType.BFloat16,
            _ => throw new InputException($"The type of the computation is '{type}', expected auto, fp32 or bf16."),
        };
        Profile.WaitsForGpu = chosen.type == DeviceType.CUDA;
        int count = threads ?? Math.Clamp(Cpu.MachineCores / localCount, 1, Cpu.Cores);
        set_num_threads(count);
        return new(chosen, scalar, count);
    }

    /// <summary>Loads the engine, where that can be done.</summary>
    /// <exception cref="InputException">It is of another version than this program needs, or the process may not use the memory that it
    /// needs.</exception>
    public static void LoadEngine()
    {
        ProcessLimits.CheckAddressSpace();
        Aten.RequireKnownEngine();
    }

    /// <summary>fp32 or bf16.</summary>
    public static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => "fp32",
        ScalarType.BFloat16 => "bf16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not computed in"),
    };
}
