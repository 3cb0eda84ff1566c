using Interlace.Vlm.Text;

namespace Interlace.Tests.Text;

/// <summary>
/// Every tokenizer of the golden material against every text and every list of ids that belongs to it, whatever family it is of.
/// </summary>
[Trait("Category", "Golden")]
public class TokenizerGoldenTests
{
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    public static TheoryData<string> Tokenizers => [.. TokenizerGoldens.Tokenizers()];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Tokenizers))]
    public void Ids_and_texts_equal_the_reference(string file)
    {
        Tokenizer tokenizer = Load(file);
        TokenizerGoldens.Case[] cases = [.. TokenizerGoldens.Cases(file)];
        Assert.SkipWhen(cases.Length == 0, $"no golden ids belong to {file}");
        foreach (var c in cases)
        {
            if (c.Text is not null) Assert.Equal((c.Name, Join(c.Ids)), (c.Name, Join(tokenizer.Encode(c.Text))));
            if (c.WithSpecial is { } special) Assert.Equal((c.Name, Join(special)), (c.Name, Join(tokenizer.Encode(c.Text!, addSpecial: true))));
            if (c.Decoded is { } decoded)
            {
                Assert.Equal((c.Name, decoded), (c.Name, tokenizer.Decode(c.Ids, skipSpecial: false)));
                Assert.Equal((c.Name, decoded), (c.Name, Stream(tokenizer, c.Ids, skipSpecial: false)));
            }
            if (c.Skipping is { } skipping) Assert.Equal((c.Name, skipping), (c.Name, tokenizer.Decode(c.Ids)));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Tokenizers))]
    public void Decoding_token_by_token_gives_the_text_of_all_of_them(string file)
    {
        Tokenizer tokenizer = Load(file);
        var random = new Random(7);
        for (int round = 0; round < 300; round++)
        {
            // One more than there are: an id without a token is among them. Byte tokens stand at the beginning: every second round has many of them.
            int most = round % 2 == 0 ? tokenizer.Count + 1 : Math.Min(tokenizer.Count, 300);
            int[] ids = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(most))];
            foreach (bool skips in (bool[])[false, true]) Assert.Equal(tokenizer.Decode(ids, skips), Stream(tokenizer, ids, skips));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Tokenizers))]
    public void Tokens_inside_of_a_span_are_those_of_its_characters(string file)
    {
        Tokenizer tokenizer = Load(file);
        foreach (var c in TokenizerGoldens.Cases(file))
        {
            if (c.Text is not { Length: > 0 } text) continue;
            (int[] ids, bool[] inside) = tokenizer.Encode(text, [new(0, text.Length)]);
            Assert.Equal((c.Name, Join(c.Ids)), (c.Name, Join(ids)));
            Assert.DoesNotContain(false, inside);

            // Cut behind an added token, both parts have the tokens of the whole.
            int cut = EndOfAddedToken(text, tokenizer, ids);
            if (cut == 0) continue;
            bool[] first = tokenizer.Encode(text, [new(0, cut)]).Inside, second = tokenizer.Encode(text, [new(cut, text.Length)]).Inside;
            Assert.Equal(Join(tokenizer.Encode(text[..cut])), Join(ids.Where((_, t) => first[t])));
            Assert.Equal(first.Select(value => !value), second);
        }
    }

    private static int EndOfAddedToken(string text, Tokenizer tokenizer, int[] ids)
    {
        for (int end = 1; end < text.Length; end++)
        {
            if (text[end - 1] != '>' || text.LastIndexOf('<', end - 1) is not (>= 0 and int start)) continue;
            if (tokenizer.Id(text[start..end]) is { } id && ids.Contains(id)) return end;
        }
        return 0;
    }

    private static string Stream(Tokenizer tokenizer, int[] ids, bool skipSpecial)
    {
        var decoder = new StreamingDecoder(tokenizer, skipSpecial);
        return string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
    }

    private static string Join(IEnumerable<int> ids) => string.Join(' ', ids);

    private static Tokenizer Load(string file)
    {
        string path = Shared.Require(["fixtures", .. file.Split('/')]);
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(file, out Tokenizer? tokenizer))
                Loaded[file] = tokenizer = file == "tokenizer/tokenizer.json.gz" ? TokenizerTests.RequirePublished() : Tokenizer.Load(path);
            return tokenizer;
        }
    }
}
