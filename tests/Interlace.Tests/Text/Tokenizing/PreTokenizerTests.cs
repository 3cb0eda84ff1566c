using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text.Tokenizing;

public class PreTokenizerTests
{
    private const string Qwen = """
        {"type":"Sequence","pretokenizers":[
          {"type":"Split","pattern":{"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},
          {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}
        """;

    [Theory]
    [InlineData("", "")]
    [InlineData("it's fine  now\n\n ok", "it|'s| fine| | now|\n\n| ok")]
    [InlineData("it'\u017Fx", "it|'\u017F|x")] // the long s folds to s
    [InlineData("\U0001F600abc", "\U0001F600abc")] // one character before a word belongs to it, be it two code units
    [InlineData("a\U00020000\U0001D400 b", "a\U00020000\U0001D400| b")] // letters beyond the basic plane
    [InlineData("\U0001D7D8\U0001D7D9!", "\U0001D7D8|\U0001D7D9|!")] // digits beyond the basic plane
    [InlineData("a\u0085\u2028\u3000b", "a|\u0085\u2028|\u3000b")] // blanks beyond ASCII
    [InlineData("a\u200B\u180E\u001C", "a|\u200B\u180E\u001C")] // no blanks
    public void Pieces_are_those_of_the_expression_over_code_points(string text, string pieces) => Assert.Equal(pieces, Split(Qwen, text));

    [Theory]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]}""", "ab 12c's", "ab| |1|2|c|'s")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":false}""", "ab 12c", "ab| 12|c")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}""", "ab 12c", "ab 12c")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true}""", "ab 12c", " ab| 12|c")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true}""", " ab", " ab")]
    [InlineData("""{"type":"Digits","individual_digits":false}""", "a12\u00BD 3", "a|12\u00BD| |3")]
    [InlineData("null", "ab 12c", "ab 12c")]
    public void Other_sections_are_read(string section, string text, string pieces) => Assert.Equal(pieces, Split(section, text));

    /// <summary>The expected pieces are the reference's documented ones for this text and the pattern "-".</summary>
    [Theory]
    [InlineData("Isolated", false, "the|-|final|-|-|countdown")]
    [InlineData("Removed", false, "the|final|countdown")]
    [InlineData("Contiguous", false, "the|-|final|--|countdown")]
    [InlineData("MergedWithPrevious", false, "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", false, "the|-final|-|-countdown")]
    [InlineData("Removed", true, "-|-|-")]
    [InlineData("Isolated", true, "the|-|final|-|-|countdown")]
    [InlineData("Contiguous", true, "the|-|final|--|countdown")]
    public void A_split_does_with_its_matches_what_its_behavior_says(string behavior, bool invert, string pieces) => Assert.Equal(pieces,
        Split($$"""{"type":"Split","pattern":{"String":"-"},"behavior":"{{behavior}}","invert":{{(invert ? "true" : "false")}}}""", "the-final--countdown"));

    [Fact]
    public void A_match_of_nothing_parts_the_text_where_it_stands() =>
        Assert.Equal("one|Two|Three", Split("""{"type":"Split","pattern":{"Regex":"(?=[A-Z])"},"behavior":"Isolated","invert":false}""", "oneTwoThree"));

    [Theory]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":true}""", "Hey  you", "_Hey|_|_you")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":false}""", "Hey  you", "_Hey__you")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"never"}""", "Hey you", "Hey|_you")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"always"}""", " Hey", "_Hey")]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":true}""", "Hey", "_Hey")]
    [InlineData("""{"type":"Metaspace","replacement":"_","add_prefix_space":false}""", "Hey", "Hey")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false},{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":false}]}""", "a-b c", "_a|_b_c")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"String":"-"},"behavior":"Removed","invert":false},{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}]}""", "a-b c", "_a|b_c")]
    public void A_metaspace_makes_spaces_visible(string section, string text, string pieces) => Assert.Equal(pieces, Split(section, text));

    [Fact]
    public void The_scheme_first_looks_at_the_whole_text()
    {
        PreTokenizer first = Read("""{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}""");
        Assert.Equal("_Hey_you", first.Split(AlignedText.Of("Hey you")).Text.Text);
        Assert.Equal("you", first.Split(AlignedText.Of("Hey you", new(4, 7))).Text.Text);
    }

    [Theory]
    [InlineData("""{"type":"Whitespace"}""", "pre-tokenizer 'Whitespace'")]
    [InlineData("""{"type":"Split","pattern":{"String":"a"},"behavior":"Elsewhere","invert":false}""", "behavior 'Elsewhere'")]
    [InlineData("""{"type":"Split","pattern":{"String":"a"},"behavior":"1","invert":false}""", "behavior '1'")]
    [InlineData("""{"type":"Digits","individual_digits":true,"also":1}""", "setting 'also'")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}""", "prepend_scheme 'last'")]
    [InlineData("""{"type":"Metaspace","replacement":"__"}""", "replacement that is no single character")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"first","add_prefix_space":false}""", "contradicts")]
    [InlineData("""{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}""", "'Digits' with the place after ByteLevel")]
    public void What_is_not_known_is_refused_by_its_name(string section, string name)
    {
        string message = Assert.Throws<InputException>(() => Read(section)).Message;
        Assert.Contains(name, message);
        Assert.StartsWith("tokenizer.json: ", message);
    }

    private static PreTokenizer Read(string section) => new(JsonDocument.Parse(section).RootElement, "tokenizer.json");

    private static string Split(string section, string text)
    {
        Pieces pieces = Read(section).Split(AlignedText.Of(text));
        return string.Join('|', pieces.Spans.Select(piece => pieces.Text.Text[piece.Start..piece.End]));
    }
}
