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
        Assert.Contains("ulimit -n", MachineRefusal.Of(new FileNotFoundException("Could not load file or assembly 'X, Version=0.0.0.0'.")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_faults_stay_ours()
    {
        Assert.Null(MachineRefusal.Of(new InvalidOperationException("a bug")));
        Assert.Null(MachineRefusal.Of(new TypeInitializationException("Interlace.Thing", new ArgumentException("a bug"))));
        Assert.Null(MachineRefusal.Of(new FileNotFoundException("Could not find file 'x'.")));
    }

    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8589934592 bytes. Error code 12 (Cannot allocate memory)", "8.59 GB")]
    [InlineData("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.10 GiB", "2.50 GiB")]
    public void Want_of_memory_says_what_was_asked_for_and_what_to_lower(string engine, string asked)
    {
        string message = MachineRefusal.Of(new InvalidOperationException("x", new System.Runtime.InteropServices.ExternalException(engine)),
            "calibrate")!;
        Assert.Contains($"not enough memory for calibrate (it asked for {asked} more)", message);
        Assert.Contains("calibrate.batch_tokens", message);
        Assert.Contains("evaluate.slots", MachineRefusal.Of(new OutOfMemoryException(), "evaluate")!);
    }

    [Fact]
    public void A_command_that_wants_memory_ends_with_code_2_and_another_fault_of_the_engine_with_1()
    {
        (int Code, string Error) Run(string engine)
        {
            var verb = new Verb("evaluate", "x", [], _ => throw new System.Runtime.InteropServices.ExternalException(engine));
            var error = new StringWriter();
            return (CommandLine.Run(["evaluate"], new Terminal(new StringWriter(), error), CancellationToken.None, [verb]),
                error.ToString());
        }
        var (code, told) = Run("DefaultCPUAllocator: can't allocate memory: you tried to allocate 100 bytes");
        Assert.Equal(2, code);
        Assert.StartsWith("There is not enough memory for evaluate", told, StringComparison.Ordinal);
        Assert.Equal(1, Run("index out of range in self.").Code);
    }
}
