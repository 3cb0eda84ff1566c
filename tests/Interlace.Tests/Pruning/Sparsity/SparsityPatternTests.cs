using Interlace.Pruning.Sparsity;
using Interlace.Vlm;

namespace Interlace.Tests.Pruning.Sparsity;

public class SparsityPatternTests
{
    [Theory]
    [InlineData("2:4", 8, 2, 4, "2:4")]
    [InlineData("04:8", 64, 4, 8, "4:8")]
    [InlineData("1:3", 9, 1, 3, "1:3")]
    [InlineData("0.5", 9, 4, 9, "0.5")]
    [InlineData(".250", 8, 2, 8, "0.25")]
    [InlineData("0.29", 100, 29, 100, "0.29")]   // just below 29 in binary
    public void A_pattern_says_how_many_of_how_many_columns_become_zero(string text, long columns, int zeros, int group, string spelled)
    {
        var pattern = SparsityPattern.Parse(text);
        Assert.Equal((zeros, group), pattern.In(columns, "w"));
        Assert.Equal(spelled, pattern.ToString());
    }

    [Theory]
    [InlineData(""), InlineData("4:4"), InlineData("5:4"), InlineData("0:4"), InlineData("2:4:8"), InlineData("2:"), InlineData("-1:4"), InlineData("2 : 4"), InlineData("2.0:4")]
    [InlineData("0"), InlineData("1"), InlineData("1.5"), InlineData("-0.5"), InlineData("NaN"), InlineData("0,5"), InlineData("50%"), InlineData("half"), InlineData("99999999999:999999999999")]
    public void Nonsense_is_refused(string text) => Assert.Contains($"'{text}'", Assert.Throws<InputException>(() => SparsityPattern.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pattern_that_does_not_fit_a_matrix_is_refused()
    {
        Assert.Contains("w: its 10 columns do not divide into groups of 4", Assert.Throws<InputException>(() => SparsityPattern.Parse("2:4").In(10, "w")).Message, StringComparison.Ordinal);
        Assert.Contains("0.01 would leave w as it is", Assert.Throws<InputException>(() => SparsityPattern.Parse("0.01").In(64, "w")).Message, StringComparison.Ordinal);
    }
}
