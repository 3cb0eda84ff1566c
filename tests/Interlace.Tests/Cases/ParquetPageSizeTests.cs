using Interlace.Data.Parquet;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>A page header that claims any size.</summary>
public class ParquetPageSizeTests
{
    /// <summary>Bytes of a page header up to its first size: the field of the page's kind, its value, the field of the size.</summary>
    private const int BeforeSize = 3;

    /// <summary>The largest number of 32 bits, where a header has a size.</summary>
    private static readonly byte[] Largest = [0xFE, 0xFF, 0xFF, 0xFF, 0x0F];

    private static readonly string Whole = Path.Combine(Demo.Root, "finevision", "words", "train-00000-of-00001.parquet");

    [Fact]
    public void The_largest_size_in_any_column_s_first_header_is_refused()
    {
        foreach (long page in FirstPages().Distinct())
        {
            byte[] bytes = File.ReadAllBytes(Whole);
            Largest.CopyTo(bytes, page + BeforeSize);
            using BadShard shard = new(bytes);
            Assert.Contains("cannot be read", shard.Refusal(), StringComparison.Ordinal);
        }
    }

    /// <summary>Every field of the first header, and what follows it.</summary>
    [Fact]
    public void No_damage_to_a_header_ends_in_anything_but_a_sentence()
    {
        byte[] whole = File.ReadAllBytes(Whole);
        for (int place = 4; place < 24; place++)
        {
            byte[] bytes = [.. whole];
            Largest.CopyTo(bytes, place);
            using BadShard shard = new(bytes);
            Assert.Contains(shard.Calibrate().Code, new[] { 0, 2 });
        }
    }

    /// <summary>Where the chunks begin of the columns that are read; a data set's other columns are left alone.</summary>
    private static IEnumerable<long> FirstPages()
    {
        using var stream = new ShardStream(Whole);
        return [.. ParquetFooter.Read(stream).RowGroups[0].Columns
            .Where(column => column.Path.StartsWith("images", StringComparison.Ordinal)
                || column.Path.StartsWith("texts", StringComparison.Ordinal))
            .Select(column => column.Bytes.Start)];
    }
}
