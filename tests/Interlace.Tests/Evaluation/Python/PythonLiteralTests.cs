using CsCheck;
using Interlace.Evaluation.Python;

namespace Interlace.Tests.Evaluation.Python;

public class PythonLiteralTests
{
    [Theory]
    [InlineData("""['a', "don't", 'x\'y', "tab\tend", 'é\u00e9\xe9\351', r'\n', 'a' 'b', u'c', '\q']""", new[] { "a", "don't", "x'y", "tab\tend", "éééé", "\\n", "ab", "c", "\\q" })]
    [InlineData("[1, -2, 2.50, 1e16, 0x1F, 1_000, True, None]", new[] { "1", "-2", "2.5", "1e+16", "31", "1000", "True", "None" })]
    [InlineData(" [ 'a' , ] ", new[] { "a" })]
    [InlineData("[]", new string[0])]
    [InlineData("[['a', 1], ('b',), {'k': None}, (2)]", new[] { "['a', 1]", "('b',)", "{'k': None}", "2" })]
    [InlineData("['''a\n'b''']", new[] { "a\n'b" })]
    public void A_list_is_read(string text, string[] items) => Assert.Equal(items, PythonLiteral.ParseList(text));

    [Theory]
    [InlineData("[Mexico, India]"), InlineData("['a' + 'b']"), InlineData("[f'{x}']"), InlineData("[b'a']"), InlineData("[1 2]"), InlineData("[,]"), InlineData("['a"), InlineData("['a']]"), InlineData("('a', 'b')"), InlineData("'a'"), InlineData("[007]"), InlineData("[__import__('os')]"), InlineData("['a\nb']"), InlineData("[1.2.3]"), InlineData("[1j]"), InlineData("[0x]"), InlineData("['\\x1']"), InlineData("[-'a']"), InlineData("[x for x in (1,)]"), InlineData(""), InlineData("[{'a' 1}]")]
    public void Anything_to_evaluate_or_broken_is_no_list(string text) => Assert.Null(PythonLiteral.ParseList(text));

    [Fact]
    public void A_tuple_is_read_where_it_will_do() => Assert.Equal(["the", "a"], PythonLiteral.ParseList("(\"the\",\"a\")", orTuple: true));

    [Fact]
    public void Nesting_is_bounded()
    {
        Assert.NotNull(PythonLiteral.Parse(new string('[', 90) + new string(']', 90)));
        Assert.Null(PythonLiteral.Parse(new string('[', 100_000)));
        Assert.Null(PythonLiteral.Parse(new string('-', 100_000) + "1"));
    }

    [Fact]
    public void What_is_printed_is_read_again() => Gen.String.Array[0, 5].Sample(items =>
    {
        PythonLiteral list = new PythonLiteral.Sequence([.. items.Select(item => new PythonLiteral.Text(item))], IsTuple: false);
        return PythonLiteral.ParseList(list.Str()) is { } back && back.SequenceEqual(items);
    });

    [Fact]
    public void No_text_throws() => Gen.OneOf(Gen.String, Gen.Char["[]()'\"\\,{}: 0x1eNonTru.-_u"].Array[0, 12].Select(c => new string(c))).Sample(text => { PythonLiteral.Parse(text); PythonLiteral.ParseList(text); });
}
