using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Tests.Engine;

public class AtenTests
{
    [Theory]
    [InlineData(0x020D000000000000, "2.13")]
    [InlineData(0x0209000000000000, "2.9")]
    [InlineData(0x030A000000000000, "3.10")]
    public void A_foreign_engine_is_refused_with_its_version_and_ours(ulong version, string name)
    {
        string message = Assert.Throws<InputException>(() => Aten.CheckEngine(version)).Message;
        Assert.Contains($"libtorch {name}", message);
        Assert.Contains("it needs 2.10", message);
    }

    [Fact]
    public void The_engine_that_it_is_made_for_and_the_one_after_it_are_known()
    {
        Aten.CheckEngine(0x020A000000000000);
        Aten.CheckEngine(0x020B000000000003);
        Aten.RequireKnownEngine();
        Aten.CheckEngine(Aten.LoadedVersion());
    }
}
