using Interlace.Tests.Data.Parquet;
using static Interlace.Tests.Data.Parquet.ParquetFooterTests;

namespace Interlace.Tests.Cases;

/// <summary>A footer that claims any number of rows.</summary>
public class ParquetRowCountTests
{
    [Fact]
    public void The_file_as_found_is_refused()
    {
        using BadShard shard = new(File.ReadAllBytes(Shared.Require("cases", "parquet-row-count", "rows2e31.parquet")));
        Assert.Contains("2147483648 rows", shard.Refusal(), StringComparison.Ordinal);
    }

    [Theory, InlineData(1L << 29), InlineData(1L << 33), InlineData(1L << 40), InlineData(long.MaxValue), InlineData(-1L)]
    public void Any_number_of_rows_is_held_against_the_bytes(long rows)
    {
        using BadShard shard = new(Claiming(rows));
        shard.Refusal();
    }

    [Theory, InlineData(3L), InlineData(200_000L)]
    public void A_number_that_may_be_true_is_found_false_when_it_is_read(long rows)
    {
        using BadShard shard = new(Claiming(rows));
        shard.Refusal();
    }

    private static byte[] Claiming(long rows) => ThriftBytes.File(new byte[100], ThriftBytes.Struct((1, 2),
        (2, new[] { ThriftBytes.Struct((4, "schema"), (5, 0)) }), (3, rows),
        (4, new[] { Group(rows, [.. new[] { "images.list.element.bytes", "texts.list.element.user",
        "texts.list.element.assistant" }.Select((path, i) => Column(path, rows, 4 + 20 * i, 20))]) })));
}
