using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Tests.Engine;

public class ProcessLimitsTests
{
    [Fact]
    public void What_is_allowed_here_is_enough()
    {
        ProcessLimits.CheckOpenFiles();
        ProcessLimits.CheckAddressSpace();
    }

    [Fact]
    public void Too_little_is_refused_with_what_is_needed()
    {
        Assert.Contains("ulimit -n 256", Assert.Throws<InputException>(() => ProcessLimits.CheckOpenFiles(255)).Message,
            StringComparison.Ordinal);
        Assert.Contains("4000 MB", Assert.Throws<InputException>(() => ProcessLimits.CheckAddressSpace(4_000_000_000)).Message,
            StringComparison.Ordinal);
        ProcessLimits.CheckOpenFiles(256);
        ProcessLimits.CheckAddressSpace(8_000_000_000);
    }
}
