using System.Numerics;
using CsCheck;
using Interlace.Evaluation.Python;

namespace Interlace.Tests.Evaluation.Python;

public class PythonTextTests
{
    [Theory]
    [InlineData("ABC É", "abc é"), InlineData("İstanbul", "i\u0307stanbul"), InlineData("ΟΔΟΣ", "οδος"), InlineData("ΣΑ ΑΣ.", "σα ας."), InlineData("Σ", "σ"), InlineData("ΑΣ'Α", "ας'α"), InlineData("\u212a", "k"), InlineData("𐐀", "𐐨"), InlineData("ẞ", "ß")]
    public void Lower_case_is_full_and_knows_no_culture(string text, string lower)
    {
        // A sigma between letters stays a medial one even behind an apostrophe.
        string expected = text == "ΑΣ'Α" ? "ασ'α" : lower;
        Assert.Equal(expected, PythonText.Lower(text));
    }

    [Fact]
    public void Only_Pythons_whitespace_splits()
    {
        Assert.Equal(["a", "b", "c", "d\u200b", "e"], PythonText.Split("\u001ca\u0085b\u00a0c\u3000d\u200b\u001f e "));
        Assert.Equal("x\ufeff", PythonText.Strip("\u2028\u205fx\ufeff\u000b"));
        Assert.Equal(29, Enumerable.Range(0, 0x10000).Count(c => PythonText.IsSpace((char)c)));
    }

    [Theory]
    [InlineData("straße", 6, 7), InlineData("ﬃ", 1, 3), InlineData("😀é", 2, 2), InlineData("ΐ", 1, 3), InlineData("", 0, 0)]
    public void Lengths_count_code_points(string text, int length, int upper)
    {
        Assert.Equal(length, PythonText.Length(text));
        Assert.Equal(upper, PythonText.UpperLength(text));
        Assert.Equal(length, PythonText.CodePoints(text).Length);
    }

    [Fact]
    public void A_lone_surrogate_is_one_code_point()
    {
        Assert.Equal((1, 1, 3), (PythonText.Length("\ud83d"), PythonText.UpperLength("\ude00"), PythonText.Length("\ude00\ud83d\ud83d")));
        Assert.Equal("a\ud83dé", PythonText.Lower("A\ud83dÉ"));
    }

    [Fact]
    public void Upper_case_grows_at_102_code_points() => Assert.Equal(102, Enumerable.Range(0, 0x10000).Count(c => PythonText.UpperLength(((char)c).ToString()) > 1));

    [Theory]
    [InlineData(" 5 ", 5), InlineData("1e3", 1000), InlineData(".5", 0.5), InlineData("5.", 5), InlineData("+1_000.5_0", 1000.5), InlineData("-Infinity", double.NegativeInfinity), InlineData("iNf", double.PositiveInfinity), InlineData("-nan", double.NaN), InlineData("٣.٥", 3.5), InlineData("1e1_0", 1e10), InlineData("\u00a07\u3000", 7), InlineData("1e400", double.PositiveInfinity), InlineData("007", 7)]
    public void Numbers_are_read_as_Python_reads_them(string text, double expected)
    {
        Assert.True(PythonText.TryFloat(text, out double value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(""), InlineData("1,000"), InlineData("$5"), InlineData("5 million"), InlineData("0x10"), InlineData("_1"), InlineData("1_"), InlineData("1__0"), InlineData("1_.5"), InlineData("1e"), InlineData("--1"), InlineData("+-1"), InlineData("."), InlineData("1 2"), InlineData("infin"), InlineData("1e_5"), InlineData("∞"), InlineData("½"), InlineData("1d"), InlineData("(1)"), InlineData("NaN1")]
    public void Other_texts_are_no_numbers(string text) => Assert.False(PythonText.TryFloat(text, out _));

    [Theory]
    [InlineData(" 10 ", "10"), InlineData("+1_0", "10"), InlineData("-007", "-7"), InlineData("٤", "4"), InlineData("4.5", null), InlineData("", null), InlineData("1_", null), InlineData("- 1", null), InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    public void Integers_are_read_as_Python_reads_them(string text, string? expected) => Assert.Equal(expected, PythonText.TryInteger(text, out BigInteger value) ? value.ToString() : null);

    [Theory]
    [InlineData(8, "8.0"), InlineData(1000, "1000.0"), InlineData(0.1, "0.1"), InlineData(1e16, "1e+16"), InlineData(123456789012345680, "1.2345678901234568e+17"), InlineData(9999999999999998, "9999999999999998.0"), InlineData(0.0001, "0.0001"), InlineData(0.00001, "1e-05"), InlineData(-0.0, "-0.0"), InlineData(-2.5e-7, "-2.5e-07"), InlineData(1.5e300, "1.5e+300"), InlineData(double.NaN, "nan"), InlineData(double.NegativeInfinity, "-inf"), InlineData(5e-324, "5e-324"), InlineData(100.25, "100.25"), InlineData(1e15, "1000000000000000.0")]
    public void Floats_print_as_in_Python(double value, string expected) => Assert.Equal(expected, PythonText.FloatText(value));

    [Fact]
    public void A_printed_float_reads_back() => Gen.Double.Where(double.IsFinite).Sample(x => PythonText.TryFloat(PythonText.FloatText(x), out double back) && back.Equals(x));
}
