namespace Interlace.Tests.Cases;

/// <summary>A page header that claims any size.</summary>
public class ParquetPageSizeTests
{
    /// <summary>The largest number of 32 bits, where a header has a size.</summary>
    private static readonly byte[] Largest = [0xFE, 0xFF, 0xFF, 0xFF, 0x0F];

    [Theory]
    [InlineData("one-rowgroup-page-index.parquet", 11)]
    [InlineData("rowgroups-of-10.parquet", 132_556)]
    public void The_files_as_found_are_refused(string file, int place)
    {
        byte[] bytes = File.ReadAllBytes(Shared.Require("fixtures", "qwen3vl", "finevision", file));
        Largest.CopyTo(bytes, place);
        using BadShard shard = new(bytes);
        Assert.Contains("cannot be read", shard.Refusal(), StringComparison.Ordinal);
    }

    /// <summary>Every field of the first header, and what follows it.</summary>
    [Fact]
    public void No_damage_to_a_header_ends_in_anything_but_a_sentence()
    {
        byte[] whole = File.ReadAllBytes(Shared.Require("fixtures", "qwen3vl", "finevision", "one-rowgroup-page-index.parquet"));
        for (int place = 4; place < 24; place++)
        {
            byte[] bytes = [.. whole];
            Largest.CopyTo(bytes, place);
            using BadShard shard = new(bytes);
            Assert.InRange(shard.Calibrate().Code, 0, 2);
            Assert.NotEqual(1, shard.Calibrate().Code);
        }
    }
}
