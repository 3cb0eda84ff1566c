using Interlace.Pruning;

namespace Interlace.Tests.Pruning;

public class DropCountTests
{
    [Theory]
    [InlineData(0.10, 36, 3), InlineData(0.15, 36, 5), InlineData(0.20, 36, 7), InlineData(0.25, 36, 9)]
    [InlineData(0.29, 100, 29), InlineData(0.15, 20, 3), InlineData(0, 36, 0), InlineData(0.02, 36, 0), InlineData(1.0 / 3, 36, 12)]
    public void The_count_is_rounded_down_without_the_error_of_binary_fractions(double ratio, int layers, int expected) =>
        Assert.Equal(expected, DropCount.For(ratio, layers));

    [Theory]
    [InlineData(1), InlineData(-0.1), InlineData(25), InlineData(double.NaN), InlineData(double.PositiveInfinity)]
    public void A_ratio_outside_of_zero_to_one_is_refused(double ratio) =>
        Assert.Contains("fraction", Assert.Throws<PlanException>(() => DropCount.For(ratio, 36)).Message);

    [Fact]
    public void The_ratio_named_in_messages_gives_back_its_count()
    {
        for (int layers = 1; layers <= 200; layers++)
            for (int count = 0; count < layers; count++)
                Assert.Equal(count, DropCount.For(double.Parse(DropCount.RatioFor(count, layers)), layers));
    }
}
