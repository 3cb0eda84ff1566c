using CsCheck;
using Interlace.Data;

namespace Interlace.Tests.Data;

public class SeededHashTests
{
    [Theory]
    [InlineData("", 0xcbf29ce484222325)]
    [InlineData("a", 0xaf63dc4c8601ec8c)]
    [InlineData("foobar", 0x85944171f73967e8)]
    public void Names_are_hashed_as_the_authors_of_FNV_say(string text, ulong hash) => Assert.Equal(hash, SeededHash.Fnv(text));

    [Theory]
    [InlineData(1, 0xe220a8397b1dcdaf)]
    [InlineData(2, 0x6e789e6aa1b965f4)]
    [InlineData(3, 0x06c45d188009454f)]
    public void Numbers_are_mixed_as_by_SplitMix64_of_seed_0(int step, ulong output) => Assert.Equal(output, SeededHash.Mix(unchecked((ulong)step * 0x9E3779B97F4A7C15)));

    [Fact]
    public void Rows_of_one_set_are_drawn_about_evenly()
    {
        ulong key = SeededHash.ShardKey("set", "shard", 1);
        int[] tenths = new int[10];
        for (int row = 0; row < 100_000; row++) tenths[(int)Math.BigMul(SeededHash.Row(key, row), 10, out _)]++;
        Assert.All(tenths, count => Assert.InRange(count, 9_600, 10_400));
    }

    [Fact]
    public void Set_shard_and_seed_each_change_the_hash()
    {
        ulong[] keys = [SeededHash.ShardKey("a", "b", 0), SeededHash.ShardKey("ab", "", 0), SeededHash.ShardKey("a", "c", 0), SeededHash.ShardKey("a", "b", 1), SeededHash.ShardKey("", "ab", 0)];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void A_permutation_holds_every_index_once() => Gen.Select(Gen.Int[0, 300], Gen.Int).Sample((count, seed) =>
        Assert.Equal(Enumerable.Range(0, count), SeededHash.Permutation(count, seed).Order()));

    [Fact]
    public void A_permutation_depends_on_seed_and_epoch_alone()
    {
        Assert.Equal(SeededHash.Permutation(50, 1, 0), SeededHash.Permutation(50, 1, 0));
        Assert.NotEqual(SeededHash.Permutation(50, 1, 0), SeededHash.Permutation(50, 2, 0));
        Assert.NotEqual(SeededHash.Permutation(50, 1, 0), SeededHash.Permutation(50, 1, 1));
    }

    [Fact]
    public void Every_permutation_of_three_comes_about_equally_often()
    {
        IEnumerable<int> counts = Enumerable.Range(0, 6_000).GroupBy(seed => string.Join(' ', SeededHash.Permutation(3, seed))).Select(group => group.Count());
        Assert.Equal(6, counts.Count());
        Assert.All(counts, count => Assert.InRange(count, 880, 1_120));
    }
}
