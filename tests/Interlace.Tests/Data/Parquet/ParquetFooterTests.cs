using Interlace.Data.Parquet;
using static Interlace.Tests.Data.Parquet.ThriftBytes;

namespace Interlace.Tests.Data.Parquet;

public class ParquetFooterTests
{
    private static readonly byte[] Leaf = Struct((4, "leaf"));

    [Fact]
    public void A_footer_tells_rows_and_where_the_columns_lie()
    {
        ParquetFooter footer = Read(Struct((2, new[] { Struct((4, "schema"), (5, 1)), Leaf }), (3, 3),
            (4, new[] { Group(3, Column("a.b", 5, start: 4, length: 20)) })));
        RowGroup group = Assert.Single(footer.RowGroups);
        Assert.Equal(3, group.Rows);
        Assert.Equal(new ColumnChunk("a.b", new ByteRange(4, 20), 5), Assert.Single(group.Columns));
    }

    [Theory]
    [InlineData(1L << 31), InlineData(1L << 40), InlineData(long.MaxValue), InlineData(-1L)]
    public void Rows_that_the_bytes_cannot_hold_are_refused(long rows) =>
        Assert.Throws<InvalidDataException>(() => Read(Struct((4, new[] { Group(rows, Column("a", long.MaxValue, 4, 20)) }))));

    [Fact]
    public void Rows_of_many_groups_are_added_up()
    {
        byte[][] groups = [.. Enumerable.Repeat(Group(200_000, Column("a", 200_000, 4, 1)), 3)];
        Assert.Contains("400000", Assert.Throws<InvalidDataException>(() => Read(Struct((4, groups)))).Message, StringComparison.Ordinal);
        Assert.Equal(200_000, Read(Struct((4, groups[..1]))).RowGroups[0].Rows);   // repetitions and nulls take next to no bytes
    }

    [Theory]
    [InlineData(-4L, 10L), InlineData(4L, -1L), InlineData(4L, 1L << 40), InlineData(1L << 62, 1L << 62), InlineData(long.MaxValue, 1L),
        InlineData(0L, 8L)]
    public void A_column_outside_the_file_is_refused(long start, long length) =>
        Assert.Throws<InvalidDataException>(() => Read(Struct((4, new[] { Group(1, Column("a", 1, start, length)) }))));

    [Fact]
    public void Columns_that_share_their_bytes_are_refused() =>
        Assert.Contains("overlap",
            Assert.Throws<InvalidDataException>(() =>
            Read(Struct((4, Enumerable.Repeat(Group(1, Column("a", 1, 4, 90)), 50).ToArray())))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_schema_that_would_overflow_the_stack_is_refused()
    {
        byte[][] nested = [.. Enumerable.Repeat(Struct((4, "g"), (5, 1)), 100_000), Leaf];
        Assert.Contains("nested", Assert.Throws<InvalidDataException>(() => Read(Struct((2, nested)))).Message, StringComparison.Ordinal);
        Read(Struct((2, new[] { Struct((4, "schema"), (5, 1000)) }.Concat(Enumerable.Repeat(Leaf, 1000)).ToArray())));   // wide, not deep
    }

    [Fact]
    public void A_list_has_no_more_elements_than_bytes()
    {
        byte[] footer = [0x49, 0xFC, 0xFF, 0xFF, 0xFF, 0x7F, 0];   // field 4, a list of a quarter of a milliard structs
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<EndOfStreamException>(() => Read(footer));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    internal static byte[] Column(string path, long values, long start, long length) =>
        Struct((3, Struct((1, 6), (3, path.Split('.')), (4, 0), (5, values), (6, length), (7, length), (9, start))));

    internal static byte[] Group(long rows, params byte[][] columns) => Struct((1, columns), (3, rows));

    private static ParquetFooter Read(byte[] footer)
    {
        using ScratchFolder folder = new();
        string path = folder.At("x.parquet");
        System.IO.File.WriteAllBytes(path, ThriftBytes.File(new byte[100], footer));
        using var stream = new ShardStream(path);
        return ParquetFooter.Read(stream);
    }
}
