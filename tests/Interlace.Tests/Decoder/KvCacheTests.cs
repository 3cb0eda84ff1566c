using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using static TorchSharp.torch;

namespace Interlace.Tests.Decoder;

public class KvCacheTests
{
    [Theory, InlineData(100, 16), InlineData(16_384, 16), InlineData(16_385, 15), InlineData(100_000, 2), InlineData(200_000, 1),
        InlineData(100_000_000, 1)]
    public void Long_conversations_leave_room_for_fewer_others(int length, int slots)
    {
        using var cache = new KvCache(1, 16, 1, 2, ScalarType.Float32, CPU);
        Assert.Equal(slots, cache.SlotsFor(length));
    }

    [Fact]
    public void What_is_stored_stays_where_slots_and_capacity_change()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        using var cache = new KvCache(1, 4, 1, 2, ScalarType.Float32, CPU);
        cache.Reserve(1, 40_000);   // one slot, very long
        Tensor keys = rand([3, 1, 2]), values = rand([3, 1, 2]), query = rand([1, 1, 2]), mask = zeros([1, 1, 1, 3]);
        cache.Store(0, tensor(new long[] { 0, 1, 2 }), keys, values);
        Tensor before = cache.Attend(0, query, mask);
        cache.Reserve(2, 3);        // the long one has gone
        Assert.Equal(256, cache.Capacity);
        Assert.True(before.equal(cache.Attend(0, query, mask)).all().item<bool>());
        cache.Reserve(2, 5_000);
        Assert.True(before.equal(cache.Attend(0, query, mask)).all().item<bool>());
    }

    [Fact]
    public void One_conversation_takes_the_room_of_one()
    {
        using var _ = no_grad();
        using var cache = new KvCache(2, 16, 1, 2, ScalarType.Float32, CPU);
        long Made(int count, int length)
        {
            long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            cache.Reserve(count, length);
            return TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
        Assert.Equal(4, Made(1, 300));     // keys and values of two layers
        Assert.Equal(0, Made(1, 512));     // in steps of 256
        Assert.Equal(512, cache.Capacity);
        cache.Reserve(2, 512);
        cache.Reserve(3, 512);
        using var scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => cache.Attend(0, rand([5, 1, 2]), zeros([5, 1, 1, 1])));   // two were doubled to four
        Assert.Equal([4, 2], cache.Attend(0, rand([4, 1, 2]), zeros([4, 1, 1, 1])).shape);
    }

    [Fact]
    public void Room_is_doubled_as_far_as_conversations_can_come()
    {
        using var cache = new KvCache(1, 4, 1, 2, ScalarType.Float32, CPU);
        int[] Capacities(int from, int to, int most)
        {
            var seen = new List<int>();
            for (int length = from; length <= to; length++)
            {
                cache.Reserve(1, length, most);
                if (seen.LastOrDefault() != cache.Capacity) seen.Add(cache.Capacity);
            }
            return [.. seen];
        }
        Assert.Equal([256, 512, 1024, 1280], Capacities(200, 1200, most: 1200));
        cache.Reserve(2, 100, most: 1200);        // another comes: no more room than is wanted
        Assert.Equal(256, cache.Capacity);
        cache.Reserve(4, 12_000);
        cache.Reserve(4, 12_033, most: 1_000_000);
        Assert.Equal(16_384, cache.Capacity);     // all slots together
    }
}
