using Interlace.DemoModel.Text;
using Interlace.Vlm.Text;

namespace Interlace.Tests.DemoModel;

public class BpeTrainerTests
{
    [Fact]
    public void The_most_frequent_pair_is_merged_first_and_ties_go_to_the_older_tokens()
    {
        // ab 5 times; then abc and de 3 times each: d and e are older than the token ab.
        var (tokens, merges) = BpeTrainer.Train(new Dictionary<string, int> { ["abc"] = 3, ["ab"] = 2, ["de"] = 3, ["xy"] = 1 }, 1000);
        Assert.Equal([("a", "b"), ("d", "e"), ("ab", "c")], merges);
        Assert.Equal(256 + 3, tokens.Count);   // a pair that occurs once is not merged
        Assert.Equal(["!", "\"", "#"], tokens.Take(3));
    }

    [Fact]
    public void Training_stops_at_the_size()
    {
        var (tokens, merges) = BpeTrainer.Train(new Dictionary<string, int> { ["banana"] = 9 }, 258);
        Assert.Equal(258, tokens.Count);
        Assert.Equal([("a", "n"), ("b", "an")], merges);
    }

    [Fact]
    public void The_written_tokenizer_keeps_texts_and_has_all_added_tokens()
    {
        using var scratch = new ScratchFolder();
        Directory.CreateDirectory(scratch.At("tokenizer"));
        int first = TokenizerFiles.Write(scratch.At("tokenizer"), SmallSources.Create(), 1, 500, scenes: 200, maxLength: 512);
        var tokenizer = Tokenizer.Load(scratch.At("tokenizer"));
        Assert.Equal(26, TokenizerFiles.Added.Count);
        Assert.Equal(first + 26, tokenizer.Count);
        foreach (string text in new[] { "What color is the item in the top left?", "Grüße 7! \n\n 你好" })
        {
            int[] ids = tokenizer.Encode(text);
            Assert.Equal(text, tokenizer.Decode(ids));
        }
        Assert.True(tokenizer.Encode("What color is the item").Length < 12);
    }

    [Fact, Trait("Category", "Golden")]
    public void The_added_tokens_are_those_of_the_published_tokenizer()
    {
        string golden = Shared.Require("fixtures", "tokenizer", "tokenizer.json.gz");
        using var stream = new System.IO.Compression.GZipStream(File.OpenRead(golden), System.IO.Compression.CompressionMode.Decompress);
        var added = System.Text.Json.Nodes.JsonNode.Parse(stream)!["added_tokens"]!.AsArray();
        Assert.Equal(added.Select(a => (a!["content"]!.GetValue<string>(), a["special"]!.GetValue<bool>())), TokenizerFiles.Added.Select(a => (a.Token, a.Special)));
    }
}
