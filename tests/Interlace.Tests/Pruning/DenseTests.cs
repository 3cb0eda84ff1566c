using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class DenseTests
{
    [Fact]
    public void The_last_quarter_is_tuned_and_nothing_dropped()
    {
        var plan = Methods.Plan("dense", new(10) { ProtectedLayers = 3 }, 0.25);
        Assert.Empty(plan.Drop);
        Assert.Equal([8, 9], plan.Tune);
        Assert.Equal(Enumerable.Range(0, 8), plan.Freeze);
    }
}
