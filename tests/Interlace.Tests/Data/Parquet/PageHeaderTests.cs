using Interlace.Data.Parquet;
using static Interlace.Tests.Data.Parquet.ThriftBytes;

namespace Interlace.Tests.Data.Parquet;

public class PageHeaderTests
{
    private const int Body = 400;

    [Fact]
    public void A_header_tells_where_its_page_lies_and_what_it_holds()
    {
        byte[] header = DataPage(unfolded: 1000, stored: Body, slots: 7, encoding: 0);
        PageHeader page = Read(header);
        Assert.Equal(new PageHeader(new ByteRange(0, header.Length + Body), PageType.Data, 7, PageEncoding.Plain), page);
        Assert.True(page.IsData);
        Assert.Equal((3, PageEncoding.DeltaByteArray),
            Read(Struct((1, 3), (2, 10), (3, 10), (8, Struct((1, 3), (2, 0), (3, 3), (4, 7))))) is var second
            ? (second.Slots, second.Encoding) : default);
        Assert.False(Read(Struct((1, 2), (2, 10), (3, 10), (7, Struct((1, 3), (2, 0))))).IsData);
    }

    [Fact]
    public void A_page_unfolds_to_megabytes_or_to_little_more_than_is_stored()
    {
        Read(DataPage(64 << 20, Body, 7, 0));
        Assert.Contains("unfold", Refused(DataPage((64 << 20) + 4 * Body + 1, Body, 7, 0)), StringComparison.Ordinal);
        Assert.Contains("unfold", Refused(DataPage(int.MaxValue, Body, 7, 0)), StringComparison.Ordinal);
        Assert.Contains("unfold", Refused(DataPage(long.MaxValue, Body, 7, 0)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, Body, 7), InlineData(10, -1, 7), InlineData(10, Body, -1), InlineData(long.MinValue, Body, 7)]
    public void Negative_sizes_are_refused(long unfolded, long stored, long slots) => Refused(DataPage(unfolded, stored, slots, 0));

    [Theory]
    [InlineData(Body + 1), InlineData(int.MaxValue), InlineData((long)int.MaxValue + 1), InlineData(long.MaxValue)]
    public void A_page_beyond_its_column_is_refused(long stored) =>
        Assert.Contains("past its end", Refused(DataPage(10, stored, 7, 0)), StringComparison.Ordinal);

    [Fact]
    public void A_page_has_no_more_values_than_its_column() =>
        Assert.Contains("of 10 values", Refused(DataPage(10, Body, 11, 0)), StringComparison.Ordinal);

    [Fact]
    public void All_pages_of_a_column_hold_what_its_footer_promises()
    {
        byte[] page = [.. DataPage(10, 10, 5, 0), .. new byte[10]];
        Assert.Equal(2, ReadAll([.. page, .. page], values: 10).Count);
        Assert.Throws<EndOfStreamException>(() => ReadAll(page, values: 10));
        Assert.Throws<InvalidDataException>(() => ReadAll([.. page, .. page], values: 8));
    }

    [Fact]
    public void Long_statistics_are_passed_over()
    {
        byte[] header = Struct((1, 0), (2, 10), (3, 10),
            (5, Struct((1, 5), (2, 0), (3, 3), (4, 3), (5, Struct((5, new string('x', 5000)))))));
        Assert.Equal(5, Read(header).Slots);
    }

    private static byte[] DataPage(long unfolded, long stored, long slots, long encoding) =>
        Struct((1, 0), (2, unfolded), (3, stored), (5, Struct((1, slots), (2, encoding), (3, 3), (4, 3))));

    private static string Refused(byte[] header) => Assert.Throws<InvalidDataException>(() => Read(header)).Message;

    private static PageHeader Read(byte[] header) =>
        WithFile([.. header, .. new byte[Body]],
            (stream, length) => PageHeader.Read(stream, new ColumnChunk("a", new ByteRange(0, length), 10), 0));

    private static IReadOnlyList<PageHeader> ReadAll(byte[] pages, long values) =>
        WithFile(pages, (stream, length) => PageHeader.ReadAll(stream, new ColumnChunk("a", new ByteRange(0, length), values)));

    private static T WithFile<T>(byte[] bytes, Func<ShardStream, long, T> read)
    {
        using ScratchFolder folder = new();
        System.IO.File.WriteAllBytes(folder.At("pages"), bytes);
        using var stream = new ShardStream(folder.At("pages"));
        return read(stream, bytes.Length);
    }
}
