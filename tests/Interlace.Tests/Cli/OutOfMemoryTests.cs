using System.Runtime.InteropServices;
using Interlace.Cli;

namespace Interlace.Tests.Cli;

public class OutOfMemoryTests
{
    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8589934592 bytes. Error code 12 (Cannot allocate memory)", "8.59 GB")]
    [InlineData("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.10 GiB", "2.50 GiB")]
    public void The_engine_s_word_becomes_a_sentence_that_says_what_to_lower(string engine, string asked)
    {
        string message = OutOfMemory.Message(new InvalidOperationException("x", new ExternalException(engine)), "calibrate")!;
        Assert.Contains($"calibrate needs more memory than there is (it asked for {asked} more)", message);
        Assert.Contains("calibrate.batch_tokens", message);
    }

    [Fact]
    public void The_runtime_s_own_is_one_too() => Assert.Contains("evaluate.slots", OutOfMemory.Message(new OutOfMemoryException(), "evaluate")!);

    [Fact]
    public void Other_faults_are_none() => Assert.Null(OutOfMemory.Message(new ExternalException("index out of range in self."), "generate"));

    [Fact]
    public void A_command_that_runs_out_of_it_ends_with_code_2()
    {
        var verb = new Verb("evaluate", "x", [], _ => throw new ExternalException("DefaultCPUAllocator: can't allocate memory: you tried to allocate 100 bytes"));
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.Equal(2, CommandLine.Run(["evaluate"], new Terminal(output, error), CancellationToken.None, [verb]));
        Assert.StartsWith("evaluate needs more memory than there is", error.ToString(), StringComparison.Ordinal);
    }
}
