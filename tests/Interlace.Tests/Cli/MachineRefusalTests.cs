using Interlace.Cli;

namespace Interlace.Tests.Cli;

public class MachineRefusalTests
{
    [Fact]
    public void Want_of_memory_is_seen_however_it_is_told()
    {
        Exception[] told =
        [
            new OutOfMemoryException(),
            new System.Runtime.InteropServices.ExternalException("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096 bytes."),
            new System.Runtime.InteropServices.ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB"),
            new AggregateException(new InvalidOperationException("outer", new OutOfMemoryException())),
            new IOException("Cannot allocate memory : '/model.safetensors'"),
        ];
        Assert.All(told, e => Assert.Contains("not enough memory", MachineRefusal.Of(e), StringComparison.Ordinal));
    }

    [Fact]
    public void An_engine_or_a_part_that_cannot_be_loaded_is_named()
    {
        Assert.Contains("doctor", MachineRefusal.Of(new TypeInitializationException("TorchSharp.torch", null)), StringComparison.Ordinal);
        Assert.Contains("ulimit -n", MachineRefusal.Of(new FileNotFoundException("Could not load file or assembly 'X, Version=0.0.0.0'.")), StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_faults_stay_ours()
    {
        Assert.Null(MachineRefusal.Of(new InvalidOperationException("a bug")));
        Assert.Null(MachineRefusal.Of(new TypeInitializationException("Interlace.Thing", new ArgumentException("a bug"))));
        Assert.Null(MachineRefusal.Of(new FileNotFoundException("Could not find file 'x'.")));
    }
}
