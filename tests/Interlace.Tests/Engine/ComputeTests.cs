using Interlace.Vlm;
using Interlace.Vlm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine;

public class ComputeTests
{
    [Fact]
    public void The_type_follows_from_what_the_device_is_good_at()
    {
        Assert.Equal(Cpu.HasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32, Compute.Choose("cpu", threads: get_num_threads()).Type);
        Assert.Equal((ScalarType.BFloat16, "bf16"), (Compute.Choose("cpu", "bf16", get_num_threads()).Type, Compute.Choose("cpu", "bf16", get_num_threads()).TypeName));
        Assert.Equal("fp32", Compute.Choose("cpu", "fp32", get_num_threads()).TypeName);
        if (cuda.is_available()) Assert.Equal((DeviceType.CUDA, ScalarType.BFloat16), (Compute.Choose(threads: get_num_threads()).Device.type, Compute.Choose(threads: get_num_threads()).Type));
        else Assert.Equal(DeviceType.CPU, Compute.Choose(threads: get_num_threads()).Device.type);
    }

    [Fact]
    public void What_is_absent_or_unknown_is_refused()
    {
        if (!cuda.is_available()) Assert.Contains("CUDA", Assert.Throws<InputException>(() => Compute.Choose("cuda")).Message, StringComparison.Ordinal);
        Assert.Contains("'tpu'", Assert.Throws<InputException>(() => Compute.Choose("tpu")).Message, StringComparison.Ordinal);
        Assert.Contains("'fp8'", Assert.Throws<InputException>(() => Compute.Choose("cpu", "fp8")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_processor_is_what_the_system_says()
    {
        Assert.InRange(Cpu.Cores, 1, Environment.ProcessorCount);
        if (!File.Exists("/proc/cpuinfo")) return;
        string[] flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        foreach (var (feature, flag) in new[] { ("avx2", "avx2"), ("fma", "fma"), ("avx512", "avx512f"), ("avx512-bf16", "avx512_bf16"), ("amx-bf16", "amx_bf16") })
            Assert.Equal(flags.Contains(flag), Cpu.Features.Contains(feature));
    }
}
