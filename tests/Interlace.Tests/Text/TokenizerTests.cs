using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

public class TokenizerTests
{
    private static readonly Lazy<Tokenizer> Published = new(ReadPublished);

    private static Tokenizer Small { get; } = Tokenizer.Load(Evaluation.Demo.Model);

    /// <summary>The complete published tokenizer, unpacked in memory.</summary>
    internal static Tokenizer RequirePublished()
    {
        Shared.Require("fixtures", "tokenizer", "tokenizer.json.gz");
        return Published.Value;
    }

    [Fact]
    public void Token_marks_follow_spans_through_normalisation_and_fused_line_breaks()
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(Evaluation.Demo.Model, "tokenizer.json")))!;
        json["model"]!["vocab"]!["ĊĊ"] = Small.Count;   // two line breaks in one token
        json["model"]!["merges"]!.AsArray().Add(json["model"]!["merges"]![0] is JsonArray ? new JsonArray("Ċ", "Ċ") : "Ċ Ċ");
        Tokenizer tokenizer = Tokenizer.Read(Encoding.UTF8.GetBytes(json.ToJsonString()), "tokenizer.json");
        const string text = "e\u0301 x\n<|im_start|>assistant\n\nCafe\u0301 \U0001F600!<|im_end|>\n";
        int start = text.IndexOf("\n\n", StringComparison.Ordinal) + 1, end = text.LastIndexOf('\n');
        (int[] ids, bool[] inside) = tokenizer.Encode(text, [new(start, end)]);
        Assert.Equal(tokenizer.Encode(text), ids);
        Assert.Equal("Caf\u00E9 \U0001F600!<|im_end|>", tokenizer.Decode([.. ids.Where((_, i) => inside[i])], skipSpecial: false));
    }

    /// <summary>Where tokens are not written as the text is: a sign for the space, bytes of a character, an unknown token.</summary>
    [Theory]
    [InlineData("""
        "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]}
        """)]
    [InlineData("""
        "normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}
        """)]
    [InlineData("""
        "normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":true}
        """)]
    public void Token_marks_follow_spans_where_tokens_are_written_otherwise(string sections)
    {
        string[] words = ["<unk>", "_", "a", "b", "_a", "ab", "_ab", "<0xC3>", "<0xA9>", "\n"];
        string vocabulary = string.Join(',', words.Select((word, id) => $"{JsonValue.Create(word).ToJsonString()}:{id}"));
        const string decoder = """
            {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]}
            """;
        Tokenizer tokenizer = Tokenizer.Read(Encoding.UTF8.GetBytes($$"""
            {"added_tokens":[{"id":10,"content":"</s>","special":true}],{{sections}},"decoder":{{decoder}},
             "model":{"type":"BPE","vocab":{ {{vocabulary}} },"merges":["a b","_ ab"],"unk_token":"<unk>","fuse_unk":true,"byte_fallback":true} }
            """), "tokenizer.json");
        const string text = "ab\nab</s> ab \u00E9\u732B\u732B a\nab</s>ab";
        int start = text.IndexOf("</s>", StringComparison.Ordinal) + 4, end = text.LastIndexOf("</s>", StringComparison.Ordinal) + 4;
        (int[] ids, bool[] inside) = tokenizer.Encode(text, [new(start, end)]);
        Assert.Equal(tokenizer.Encode(text), ids);
        string answer = tokenizer.Decode([.. ids.Where((_, t) => inside[t])], skipSpecial: false);
        Assert.Equal(" ab \u00E9<unk> a\nab</s>", answer.TrimStart(' ').Insert(0, " "));

        // At a line break within the answer: the two characters of it that the unknown token stands for are one token's.
        int line = text.LastIndexOf('\n') + 1;
        (_, inside) = tokenizer.Encode(text, [new(line, end)]);
        Assert.Equal("ab</s>", tokenizer.Decode([.. ids.Where((_, t) => inside[t])], skipSpecial: false));
    }

    [Fact]
    public void Unpaired_surrogates_count_as_replacement_characters() =>
        Assert.Equal(Small.Encode("a\uFFFDb\uFFFD"), Small.Encode("a\uD800b\uDC00"));

    [Fact]
    public void Ids_without_a_token_decode_to_nothing()
    {
        Tokenizer tokenizer = Small;
        Assert.Equal("", tokenizer.Decode([tokenizer.Count, tokenizer.Count + 200, -1]));
        Assert.Equal(776, tokenizer.Id("<|im_end|>"));
        Assert.True(tokenizer.IsSpecial(776));
        Assert.False(tokenizer.IsSpecial(tokenizer.Id("<think>")!.Value));
        Assert.Null(tokenizer.Id("<|no such token|>"));
    }

    [Fact]
    public void Several_threads_may_encode_at_once()
    {
        Tokenizer tokenizer = Small;
        string[] texts = [.. Enumerable.Range(0, 400)
            .Select(i => $"What colour is item {i}? <|im_end|> caf\u0065\u0301 \U0001F600 {new string((char)('a' + i % 26), i % 40)}")];
        int[][] alone = [.. texts.Select(tokenizer.Encode)];
        int[][] together = [.. texts.AsParallel().AsOrdered().WithDegreeOfParallelism(4).Select(tokenizer.Encode)];
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData("{", "not a valid tokenizer.json")]
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "model 'Unigram'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"NFKC"}}""", "normaliser 'NFKC'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}""", "pre-tokenizer 'Whitespace'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"decoder":{"type":"WordPiece"}}""", "decoder 'WordPiece'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"post_processor":{"type":"BertProcessing"}}""", "post-processor 'BertProcessing'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"added_tokens":[{"id":0,"content":"<x>","special":true,"lstrip":true}]}""", "'<x>' has lstrip set")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"<x>":1},"merges":[]},"added_tokens":[{"id":0,"content":"<x>","special":true}]}""", "'<x>' has the id 0, but 1 in the vocabulary")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"Replace","pattern":{"String":"ab"},"content":"c"},"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}}""", "Replace of several characters")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[["a"]]}}""", "no pair of tokens")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"<s>":0},"merges":[]},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}}""", "adds the id 1, which no token has")]
    public void Tokenizers_that_cannot_be_reproduced_are_refused(string json, string reason)
    {
        var error = Assert.Throws<InputException>(() => Tokenizer.Read(Encoding.UTF8.GetBytes(json), "model/tokenizer.json"));
        Assert.Contains(reason, error.Message);
        Assert.Contains("model/tokenizer.json", error.Message);
    }

    [Fact]
    public void Added_tokens_without_end_are_refused()
    {
        string word = new('x', 4000);
        string tokens = string.Join(',', Enumerable.Range(0, 300).Select(i => $$"""{"id":{{i}},"content":"{{word}}{{i}}","special":true}"""));
        byte[] json = Encoding.UTF8.GetBytes($$"""{"model":{"type":"BPE","vocab":{},"merges":[]},"added_tokens":[{{tokens}}]}""");
        Assert.Contains("characters together", Assert.Throws<InputException>(() => Tokenizer.Read(json, "tokenizer.json")).Message);
    }

    /// <summary>Where the work were to grow with the square of the length, these would take hours.</summary>
    [Theory, InlineData("a"), InlineData("ab"), InlineData("1"), InlineData(" "), InlineData("\n"), InlineData(" \n"),
        InlineData("e\u0301\u0323"), InlineData("<|im_"), InlineData("\U0001F600"), InlineData("\u1112\u1161")]
    public void A_text_of_any_length_without_a_space_is_cut_at_once(string piece)
    {
        Tokenizer tokenizer = Tokenizer.Load(Evaluation.Demo.Model);
        string text = string.Concat(Enumerable.Repeat(piece, 400_000 / piece.Length)) + "x";
        int[] ids = tokenizer.Encode(text);
        Assert.Equal(CanonicalComposition.Compose(text), tokenizer.Decode(ids, skipSpecial: false));
    }

    private static Tokenizer ReadPublished() => Tokenizer.Read(PublishedBytes(), "tokenizer.json");

    /// <summary>The file of the published tokenizer, unpacked.</summary>
    internal static byte[] PublishedBytes()
    {
        using var json = new GZipStream(File.OpenRead(Shared.At("fixtures", "tokenizer", "tokenizer.json.gz")), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        json.CopyTo(bytes);
        return bytes.ToArray();
    }
}
