using System.Runtime.InteropServices;
using Interlace.Ranks;

namespace Interlace.Tests.Ranks;

/// <summary>The devices of ranks, as far as a machine without one shows it.</summary>
public class DevicesTests
{
    [Theory, InlineData(null, 0, "0"), InlineData(null, 3, "3"), InlineData("4,6", 1, "6"), InlineData("GPU-a1, GPU-b2", 1, "GPU-b2"),
        InlineData("4,6", 2, ""), InlineData("", 0, "")]
    public void Each_rank_of_a_machine_sees_a_device_of_its_own(string? visible, int localRank, string expected) =>
        Assert.Equal(expected, OwnDevice.Of(visible, localRank));

    /// <summary>The calls themselves have not been run: here only whether the library has what is called.</summary>
    [Fact]
    public void NCCL_has_the_functions_that_are_called()
    {
        nint library = Nccl.Load();
        Assert.SkipUnless(library != 0, "NCCL (libnccl.so.2) is not installed");
        Assert.All(Nccl.Functions, name => Assert.True(NativeLibrary.TryGetExport(library, name, out _), name));
    }
}
