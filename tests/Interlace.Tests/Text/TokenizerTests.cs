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

    public static IEnumerable<TheoryDataRow<string>> Groups() => !File.Exists(Shared.At("fixtures", "tokenizer", "goldens.json")) ? [] :
        Shared.Json("fixtures", "tokenizer", "goldens.json")["cases"]!.AsArray().Select(c => (string)c!["group"]!).Distinct().Select(group => new TheoryDataRow<string>(group));

    /// <summary>Tiny checkpoints with their texts; each also with the tokenizer.json that newer versions of the reference write.</summary>
    public static IEnumerable<TheoryDataRow<string, string>> Checkpoints() =>
        from name in Shared.FoldersWith("tokenizer.json", "fixtures", "qwen3vl")
        where File.Exists(Shared.At("fixtures", "qwen3vl", "chat", name + ".json"))
        from folder in (string[])[name, Path.Combine("transformers5-layout", name)]
        where File.Exists(Shared.At("fixtures", "qwen3vl", folder, "tokenizer.json"))
        select new TheoryDataRow<string, string>(name, folder);

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Groups)), Trait("Category", "Golden")]
    public void Published_tokenizer_equals_the_reference(string group)
    {
        Tokenizer tokenizer = RequirePublished();
        JsonNode[] cases = [.. Shared.Json("fixtures", "tokenizer", "goldens.json")["cases"]!.AsArray().Where(c => (string)c!["group"]! == group).Select(c => c!)];
        Assert.NotEmpty(cases);
        foreach (JsonNode c in cases)
        {
            int[] ids = Ids(c["ids"]!);
            string id = (string)c["id"]!;
            Assert.Equal((id, string.Join(' ', ids)), (id, string.Join(' ', tokenizer.Encode((string)c["text"]!))));
            Assert.Equal((string)c["decoded"]!, tokenizer.Decode(ids, skipSpecial: false));
            Assert.Equal((string)c["decoded_without_special"]!, tokenizer.Decode(ids));
            Assert.Equal((string)c["decoded"]!, Stream(tokenizer, ids, skipSpecial: false));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Checkpoints)), Trait("Category", "Golden")]
    public void Tiny_tokenizers_equal_the_reference(string checkpoint, string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Require("fixtures", "qwen3vl", folder));
        JsonArray texts = Shared.Json("fixtures", "qwen3vl", "chat", checkpoint + ".json")["texts"]!.AsArray();
        Assert.NotEmpty(texts);
        foreach (JsonNode? c in texts)
        {
            int[] ids = Ids(c!["ids"]!);
            Assert.Equal(ids, tokenizer.Encode((string)c["text"]!));
            Assert.Equal((string)c["decoded"]!, tokenizer.Decode(ids, skipSpecial: false));
            Assert.Equal((string)c["decoded_skip_special"]!, tokenizer.Decode(ids));
            Assert.Equal((string)c["decoded_skip_special"]!, Stream(tokenizer, ids, skipSpecial: true));
        }
    }

    public static IEnumerable<TheoryDataRow<string>> Families() =>
        !Directory.Exists(Shared.At("fixtures", "families")) ? [] : Directory.EnumerateDirectories(Shared.At("fixtures", "families")).Select(folder => Path.GetFileName(folder)!)
            .Where(family => File.Exists(Shared.At("fixtures", "families", family, "checkpoint", "tokenizer.json"))).Order(StringComparer.Ordinal).Select(family => new TheoryDataRow<string>(family));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Families)), Trait("Category", "Golden")]
    public void Prompts_of_other_families_give_their_ids_or_the_tokenizer_is_refused(string family)
    {
        string folder = Shared.Require("fixtures", "families", family, "checkpoint");
        if ((bool?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!["model"]!["byte_fallback"] == true)
        {
            Assert.Contains("byte-level", Assert.Throws<InputException>(() => Tokenizer.Load(folder)).Message);
            return;
        }
        Tokenizer tokenizer = Tokenizer.Load(folder);
        foreach ((string name, JsonNode? c) in Shared.Json("fixtures", "families", family, "golden.json")["cases"]!.AsObject())
            Assert.Equal((name, string.Join(' ', Ids(c!["input_ids"]!))), (name, string.Join(' ', tokenizer.Encode((string)(c["expanded_prompt"] ?? c["rendered_prompt"])!))));
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
    [InlineData("""{"model":{"type":"Unigram","vocab":[]}}""", "not a byte-level BPE")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"NFKC"},"pre_tokenizer":null}""", "normaliser 'NFKC'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}""", "pre-tokenizer 'Whitespace'")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":null}""", "not byte-level")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[["a"]]},"pre_tokenizer":{"type":"ByteLevel"}}""", "no pair of tokens")]
    public void Tokenizers_that_cannot_be_reproduced_are_refused(string json, string reason)
    {
        var error = Assert.Throws<InputException>(() => Tokenizer.Read(Encoding.UTF8.GetBytes(json), "model/tokenizer.json"));
        Assert.Contains(reason, error.Message);
        Assert.Contains("model/tokenizer.json", error.Message);
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

    private static string Stream(Tokenizer tokenizer, int[] ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(tokenizer, skipSpecial);
        return string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
    }

    private static int[] Ids(JsonNode ids) => [.. ids.AsArray().Select(id => (int)id!)];

    private static Tokenizer ReadPublished()
    {
        using var json = new GZipStream(File.OpenRead(Shared.At("fixtures", "tokenizer", "tokenizer.json.gz")), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        json.CopyTo(bytes);
        return Tokenizer.Read(bytes.ToArray(), "tokenizer.json");
    }
}
