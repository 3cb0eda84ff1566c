using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Text;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text.Tokenizing;

public class NormalizerTests
{
    private const string Llama = """
        {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]}
        """;

    [Theory]
    [InlineData("null", "a  b", "a  b")]
    [InlineData("""{"type":"NFC"}""", "cafe\u0301", "caf\u00E9")]
    [InlineData("""{"type":"Replace","pattern":{"String":"aa"},"content":"b"}""", "aaaaa", "bba")]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":""}""", "banana", "bnn")]
    [InlineData(Llama, "a  b", "_a__b")]
    [InlineData(Llama, "", "")]
    [InlineData("""{"type":"Sequence","normalizers":[]}""", "a b", "a b")]
    public void The_steps_are_done_in_order(string section, string text, string normalized) =>
        Assert.Equal(normalized, Read(section).Apply(AlignedText.Of(text)).Text);

    [Fact]
    public void Each_character_stands_for_those_it_came_from()
    {
        AlignedText text = Read("""
            {"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"String":"--"},"content":"+++"}]}
            """).Apply(AlignedText.Of("<x>e\u0301--o\u0323\u0301", new(3, 10)));
        Assert.Equal("_\u00E9+++\u1ECD\u0301", text.Text);
        // The sign for the text's first character stands for the same as that: the accent with its letter.
        Assert.Equal([(3, 5), (3, 5), (5, 7), (5, 7), (5, 7), (7, 10), (7, 10)],
            Enumerable.Range(0, text.Text.Length).Select(i => (text.Origin(i, i + 1).Start, text.Origin(i, i + 1).End)));
        Assert.Equal(new TextSpan(5, 10), text.Slice(new(2, 7)).Origin(0, 5));
    }

    [Theory]
    [InlineData("null", 1)]
    [InlineData("""{"type":"NFC"}""", 3)]
    [InlineData(Llama, 1)]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"\u2581\u2581"},"content":"_"}]}""", 18)]
    [InlineData("""{"type":"Replace","pattern":{"String":"a"},"content":""}""", double.PositiveInfinity)]
    public void It_says_how_much_shorter_a_text_may_become(string section, double shrinks) => Assert.Equal(shrinks, Read(section).Shrinks);

    [Theory]
    [InlineData("""{"type":"NFKC"}""", "normaliser 'NFKC'")]
    [InlineData("""{"type":"NFC","also":1}""", "setting 'also'")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" +"},"content":"_"}""", "pattern that is no plain text")]
    [InlineData("""{"type":"Replace","pattern":{"String":""},"content":"_"}""", "pattern that is no plain text")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaa"},{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaa"}]}""", "81 times as long")]
    public void What_is_not_known_is_refused_by_its_name(string section, string name) =>
        Assert.Contains(name, Assert.Throws<InputException>(() => Read(section)).Message);

    [Fact]
    public void More_steps_than_any_tokenizer_has_are_refused()
    {
        string steps = string.Join(',', Enumerable.Repeat("""{"type":"NFC"}""", 1000));
        Assert.Contains("1000 normalisers", Assert.Throws<InputException>(() => Read($$"""{"type":"Sequence","normalizers":[{{steps}}]}""")).Message);
    }

    private static Normalizer Read(string section) => new(JsonDocument.Parse(section).RootElement, "tokenizer.json");
}
