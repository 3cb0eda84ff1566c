using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Text.Tokenizing;
using Interlace.Vlm.Text.Tokenizing.Decoding;

namespace Interlace.Tests.Text.Tokenizing;

public class TokenDecoderTests
{
    private const string Llama = """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
          {"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    /// <summary>Each piece stands for what one token brings; the last for the end.</summary>
    [Theory]
    [InlineData(Llama, "_a _b", "a| b|")]
    [InlineData(Llama, "_ _ _a", "| | a|")]
    [InlineData(Llama, "a <0xE7> <0x8C> <0xAB> b", "a||||\u732Bb|")]
    [InlineData(Llama, "<0xE7> <0x8C> b", "||\uFFFD\uFFFDb|")]
    [InlineData(Llama, "<0x41> <0xFF>", "||\uFFFD\uFFFD")]   // a run that is not UTF-8 as a whole
    [InlineData(Llama, "a <0x41>", "a||A")]
    [InlineData(Llama, "<0x20> a", "|a|")]   // the first space is stripped, whatever token it came from
    [InlineData(Llama, "<0xGG> <0x4>", "<0xGG>|<0x4>|")]
    [InlineData("""{"type":"ByteLevel"}""", "a \u0120b", "a| b|")]
    [InlineData("""{"type":"ByteLevel"}""", "\u00C3 \u00A9 \u00C3", "|\u00E9||\uFFFD")]
    [InlineData("""{"type":"ByteLevel"}""", "\u732B", "\u732B|")]   // not of the byte alphabet: as it stands
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"always"}""", "_a _b", "a| b|")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}""", "_ _b", "| b|")]
    [InlineData("""{"type":"Metaspace","replacement":"_","prepend_scheme":"never"}""", "_a _b", " a| b|")]
    [InlineData("""{"type":"Strip","content":"x","start":1,"stop":2}""", "xxaxxx xx", "xax||")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"x","start":0,"stop":1}]}""", "ax x b x", "a|x|xb||")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"_"},"content":"--"}]}""", "a_ _b", "a--|--b|")]
    [InlineData("null", "a b", "a| b|")]
    [InlineData("""{"type":"Sequence","decoders":[]}""", "a b", "a| b|")]
    public void Tokens_become_text_as_soon_as_it_is_certain(string section, string tokens, string pieces)
    {
        var text = new DecodedText();
        IDecodingStep steps = new TokenDecoder(JsonDocument.Parse(section).RootElement, "tokenizer.json").Start(text);
        List<string> got = [];
        foreach (string token in tokens.Split(' '))
        {
            steps.Add(token, begins: true);
            got.Add(text.Take());
        }
        steps.End();
        got.Add(text.Take());
        Assert.Equal(pieces, string.Join('|', got));
    }

    [Theory]
    [InlineData("""{"type":"BPEDecoder","suffix":"</w>"}""", "decoder 'BPEDecoder'")]
    [InlineData("""{"type":"Fuse","also":1}""", "setting 'also'")]
    [InlineData("""{"type":"Strip","content":"ab","start":1,"stop":0}""", "content that is no single character")]
    [InlineData("""{"type":"Strip","content":"a","start":-1,"stop":0}""", "start beyond")]
    [InlineData("""{"type":"Strip","content":"a","start":0,"stop":2000000000}""", "stop beyond")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"ByteFallback"}]}""", "'ByteFallback' with the place after Fuse")]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"ab"},"content":"c"}]}""", "pattern of several characters")]
    public void What_is_not_known_is_refused_by_its_name(string section, string name) => Assert.Contains(name,
        Assert.Throws<InputException>(() => new TokenDecoder(JsonDocument.Parse(section).RootElement, "tokenizer.json")).Message);
}
