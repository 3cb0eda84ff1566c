using Interlace.Vlm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Tests.Engine;

public class UploadTests
{
    [Fact]
    public void Arrays_sent_together_arrive_apart()
    {
        using var scope = NewDisposeScope();
        long[][] arrays = [[3, -1], [], [7], [long.MaxValue, 0, 5]];
        Tensor[] sent = Upload.Together(CPU, arrays);
        Assert.Equal(arrays, sent.Select(part => part.data<long>().ToArray()));
        sent[0].Dispose();
        Assert.Equal(arrays[3], sent[3].data<long>().ToArray());
        Assert.Empty(Upload.Together(CPU));
    }

    [Fact]
    public void Nothing_but_the_parts_is_left()
    {
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor[] sent = Upload.Together(CPU, [1, 2], [3]);
        Assert.Equal(before + 2, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        foreach (Tensor part in sent) part.Dispose();
        Upload.Of([1f, 2], CPU).Dispose();
        Upload.Of([1, 2, 3], CPU).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
