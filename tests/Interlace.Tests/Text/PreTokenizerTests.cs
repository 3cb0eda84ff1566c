using System.Text.Json;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

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
    public void Other_byte_level_sections_are_read(string section, string text, string pieces) => Assert.Equal(pieces, Split(section, text));

    private static string Split(string section, string text) =>
        string.Join('|', new PreTokenizer(JsonDocument.Parse(section).RootElement, "tokenizer.json").Split(text).Select(piece => text[piece.Start..piece.End]));
}
