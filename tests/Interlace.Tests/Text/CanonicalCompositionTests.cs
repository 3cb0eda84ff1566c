using Interlace.Vlm.Text;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text;

public class CanonicalCompositionTests
{
    [Theory] // values of the Unicode standard's own examples and tests
    [InlineData("abc\u00E9", "abc\u00E9")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("A\u030A\u0301", "\u01FA")]
    [InlineData("\u212B", "\u00C5")] // singleton
    [InlineData("s\u0323\u0307", "\u1E69")]
    [InlineData("s\u0307\u0323", "\u1E69")] // reordered
    [InlineData("d\u0307\u0323", "\u1E0D\u0307")]
    [InlineData("\u1E0B\u0323", "\u1E0D\u0307")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1112\u1161\u11AB", "\uD55C")] // Hangul
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\u1112\u1161\u0301\u11AB", "\uD558\u0301\u11AB")] // a mark blocks
    [InlineData("a\u0301\u0301", "\u00E1\u0301")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\U00011131\U00011127", "\U0001112E")] // beyond the basic plane
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\n\u0301", "\n\u0301")]
    public void Texts_reach_form_C(string text, string expected)
    {
        Assert.Equal(expected, CanonicalComposition.Compose(text));
        Assert.Equal(expected, CanonicalComposition.Compose(expected));
    }

    [Fact]
    public void Text_that_is_in_form_C_is_returned_itself()
    {
        const string text = "Stra\u00DFe \u4E2D\u6587 \U0001F600 \uD55C";
        Assert.Same(text, CanonicalComposition.Compose(text));
    }

    [Fact]
    public void A_text_composed_group_by_group_is_that_composed_as_a_whole()
    {
        string[] points = ["a", "e", "\n", " ", "\u0301", "\u0323", "\u0344", "\u00E9", "\u1E0B", "\u212B",
            "\u0958", "\u0915", "\u093C", "\u1112", "\u1161", "\u11AB", "\uD558", "\U00011131", "\U00011127", "\U0001D15E", "\U0001F600"];
        var random = new Random(5);
        for (int round = 0; round < 2000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => points[random.Next(points.Length)]));
            AlignedText composed = CanonicalComposition.Compose(AlignedText.Of(text));
            Assert.Equal(CanonicalComposition.Compose(text), composed.Text);

            // What its characters stand for lies within the text, in order, and covers it.
            int end = 0;
            for (int i = 0; i < composed.Text.Length; i++)
            {
                TextSpan origin = composed.Origin(i, i + 1);
                Assert.True(origin.Start <= end && origin.End >= end && origin.Start < origin.End, $"{text}: {i} stands for {origin}");
                end = origin.End;
            }
            Assert.Equal(text.Length, end);
        }
    }

    [Fact]
    public void A_long_run_of_marks_is_sorted_by_class_and_keeps_the_order_within_one()
    {
        const int pairs = 100_000;   // above and below by turns: each would be moved past all the others
        string marks = string.Concat(Enumerable.Repeat("\u0300\u0323", pairs));
        Assert.Equal("q" + new string('\u0323', pairs) + new string('\u0300', pairs), CanonicalComposition.Compose("q" + marks));
        Assert.Equal(new string('\u0323', pairs) + new string('\u0300', pairs), CanonicalComposition.Compose(marks));
    }
}
