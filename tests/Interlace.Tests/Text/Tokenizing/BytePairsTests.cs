using System.Text.Json;
using Interlace.Vlm;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.Tests.Text.Tokenizing;

public class BytePairsTests
{
    /// <summary>The ids are the places in the list.</summary>
    private static readonly string[] Words = ["<unk>", "a", "b", "c", "ab", "bc", "abc", "\u00E9", "d"];

    [Theory]
    [InlineData("""["a b","b c","ab c"]""", "abc", "abc")]
    [InlineData("""["b c","a b","ab c"]""", "abc", "a bc")]   // the earlier merge leaves nothing for the others
    [InlineData("""[["b","c"],["a","bc"]]""", "abc", "abc")]
    [InlineData("""["a b"]""", "aabb", "a ab b")]
    [InlineData("""["a b","a b"]""", "ab", "ab")]
    [InlineData("[]", "abc", "a b c")]
    [InlineData("[]", "", "")]
    public void The_earliest_merge_is_done_first(string merges, string piece, string tokens) => Assert.Equal(tokens, Encode(Read(merges), piece));

    [Fact]
    public void Long_pieces_are_merged_like_short_ones()
    {
        BytePairs model = Read("""["a b","b c","ab c"]""");
        var random = new Random(3);
        for (int round = 0; round < 50; round++)
        {
            // Between two d, which nothing joins, each part is merged by itself.
            string[] parts = [.. Enumerable.Range(0, 20).Select(_ => new string(random.GetItems<char>("abc", random.Next(1, 9))))];
            Assert.Equal(string.Join(" d ", parts.Select(part => Encode(model, part))), Encode(model, string.Join('d', parts)));
        }
    }

    /// <summary>Where the work were to grow with the square of the length, this would take hours.</summary>
    [Fact]
    public void A_piece_of_any_length_is_merged_at_once()
    {
        string piece = string.Concat(Enumerable.Repeat("abc", 200_000));
        Assert.Equal(200_000, Read("""["a b","b c","ab c"]""").Encode(piece).Length);
        Assert.Equal(Enumerable.Repeat(Array.IndexOf(Words, "abc"), 200_000), Read("""["b c","a bc"]""").Encode(piece).Select(token => token.Id));
    }

    [Theory]
    [InlineData("a\u732B\u732Bb", true, "a <unk> b")]
    [InlineData("a\u732B\u732Bb", false, "a <unk> <unk> b")]
    [InlineData("\u732B\U0001F600", true, "<unk>")]
    [InlineData("a\u00E9", true, "a \u00E9")]
    public void What_has_no_token_becomes_the_unknown_one(string piece, bool fuses, string tokens) =>
        Assert.Equal(tokens, Encode(Read("[]", $$""","unk_token":"<unk>","fuse_unk":{{(fuses ? "true" : "false")}}"""), piece));

    [Fact]
    public void Without_an_unknown_token_it_is_dropped() => Assert.Equal("a b", Encode(Read("[]"), "a\u732Bb"));

    [Fact]
    public void A_character_without_a_token_falls_back_to_its_bytes()
    {
        string[] words = [.. Words, .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>")];
        BytePairs model = Read("""["a b"]""", ""","byte_fallback":true,"unk_token":"<unk>","fuse_unk":true""", words: words);
        Assert.True(model.CoversAllText);
        Assert.Equal("ab <0xE7> <0x8C> <0xAB> c", Encode(model, "ab\u732Bc", words));
        // Each byte stands for the whole character.
        Assert.Equal([(0, 2), (2, 3), (2, 3), (2, 3), (3, 4)], model.Encode("ab\u732Bc").Select(token => (token.Start, token.End)));
        Assert.False(Read("[]", ""","byte_fallback":true""", words: words[..^1]).CoversAllText);
    }

    [Fact]
    public void Byte_level_models_merge_bytes()
    {
        string[] words = [.. ByteAlphabet.Characters, "\u0120a", "\u00C3\u00A9"];   // a space and a; the two bytes of an accented e
        BytePairs model = Read("""["Ġ a","\u00C3 \u00A9"]""", byteLevel: true, words: words);
        Assert.True(model.CoversAllText);
        Assert.Equal("\u0120a \u00C3\u00A9 \u00E7 \u012E \u00AB", Encode(model, " a\u00E9\u732B", words));
    }

    [Fact]
    public void A_whole_piece_may_come_before_the_merges()
    {
        Assert.Equal("abc", Encode(Read("""["b c"]""", ""","ignore_merges":true"""), "abc"));
        Assert.Equal("a bc", Encode(Read("""["b c"]""", ""","ignore_merges":false"""), "abc"));
    }

    [Theory]
    [InlineData("[]", ""","dropout":0.1""", "'BPE' with the dropout")]
    [InlineData("[]", ""","continuing_subword_prefix":"##" """, "'BPE' with the continuing_subword_prefix")]
    [InlineData("[]", ""","end_of_word_suffix":"</w>" """, "'BPE' with the end_of_word_suffix")]
    [InlineData("[]", ""","unheard_of":1""", "setting 'unheard_of'")]
    public void Settings_that_change_the_tokens_are_refused_by_name(string merges, string more, string name) =>
        Assert.Contains(name, Assert.Throws<InputException>(() => Read(merges, more)).Message);

    [Theory]
    [InlineData("""["a d"]""", "", "'ad'")]
    [InlineData("""["a b c"]""", "", "no pair")]
    [InlineData("[]", ""","unk_token":"<none>" """, "'<none>'")]
    public void Tokens_that_are_not_there_are_named(string merges, string more, string name) =>
        Assert.Contains(name, Assert.Throws<FormatException>(() => Read(merges, more)).Message);

    private static BytePairs Read(string merges, string more = "", bool byteLevel = false, string[]? words = null)
    {
        string vocabulary = string.Join(',', (words ?? Words).Select((word, id) => $"{JsonSerializer.Serialize(word)}:{id}"));
        JsonDocument section = JsonDocument.Parse($$"""{"type":"BPE","vocab":{ {{vocabulary}} },"merges":{{merges}}{{more}}}""");
        return new(section.RootElement, byteLevel, "tokenizer.json");
    }

    private static string Encode(BytePairs model, string piece, string[]? words = null) =>
        string.Join(' ', model.Encode(piece).Select(token => (words ?? Words)[token.Id]));
}
