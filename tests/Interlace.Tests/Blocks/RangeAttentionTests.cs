using CsCheck;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Blocks;

/// <summary>What tokens see in layers with a window, and among the tokens of an image, against masks that are written out.</summary>
public class RangeAttentionTests
{
    [Fact]
    public void Packed_sequences_read_what_a_mask_of_all_tokens_lets_them_read()
    {
        Gen.Select(Gen.Int[0, 3].Array[1, 40].Array[1, 4], Gen.Int[0, 12], Gen.Bool, Gen.Int[0, 1000]).Sample((kinds, window, whole, seed) =>
        {
            using var scope = NewDisposeScope();
            // Three of four tokens are an image's: runs of them come and go.
            EncodedSample[] samples = [.. kinds.Select(tokens => Sample([.. tokens.Select(kind => kind > 0 ? TokenKind.Image : TokenKind.Prompt)]))];
            Same(samples, window == 0 ? null : window, whole, seed);
        }, iter: 60);
    }

    [Fact]
    public void Long_sequences_are_read_in_blocks_of_queries()
    {
        using var scope = NewDisposeScope();
        TokenKind[] kinds = [.. Enumerable.Range(0, 4500).Select(t => t is >= 2000 and < 2100 ? TokenKind.Image : TokenKind.Prompt)];
        Same([Sample(kinds)], window: 300, imagesWhole: true, seed: 1);   // the image lies across the first border of blocks
        Same([Sample(kinds)], window: null, imagesWhole: true, seed: 2);
    }

    [Fact]
    public void Tokens_that_see_all_before_them_have_no_ranges()
    {
        EncodedSample text = Sample([.. Enumerable.Repeat(TokenKind.Prompt, 8)]), image = Sample([TokenKind.Prompt, TokenKind.Image, TokenKind.Image]);
        Assert.Null(Ranges([text], window: null, imagesWhole: true));
        Assert.Null(Ranges([text], window: 8, imagesWhole: true));
        Assert.Null(Ranges([image], window: null, imagesWhole: false));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 1], Ranges([text], window: 7, imagesWhole: true)!.First);
        Assert.Equal([0, 2, 2], Ranges([image], window: null, imagesWhole: true)!.Last);
    }

    private static void Same(EncodedSample[] samples, int? window, bool imagesWhole, int seed)
    {
        const int heads = 4, keyHeads = 2, size = 6;
        manual_seed(seed);
        int[] lengths = [.. samples.Select(sample => sample.Length)];
        int all = lengths.Sum();
        Tensor q = randn([all, heads, size]), k = randn([all, keyHeads, size]), v = randn([all, keyHeads, size]);
        using var attention = PackedAttention.Create(lengths, Ranges(samples, window, imagesWhole), CPU);
        Tensor own = attention.Forward(q, k, v, scale: 0.3);
        int start = 0;
        foreach (var sample in samples)
        {
            Tensor Heads(Tensor x) => x.narrow(0, start, sample.Length).transpose(0, 1).unsqueeze(0);
            bool[] seen = new bool[sample.Length * sample.Length];
            for (int query = 0; query < sample.Length; query++)
                for (int key = 0; key < sample.Length; key++)
                    seen[query * sample.Length + key] = Sees(sample.Kinds, query, key, window, imagesWhole);
            Tensor mask = tensor(seen, [1, 1, sample.Length, sample.Length]);
            Tensor expected = Aten.Attention(Heads(q), Heads(k), Heads(v), mask, causal: false, scale: 0.3).squeeze(0).transpose(0, 1).reshape(sample.Length, -1);
            double deviation = (expected - own.narrow(0, start, sample.Length)).abs().max().item<float>();
            Assert.True(deviation < 1e-5, $"{deviation}");
            start += sample.Length;
        }
    }

    /// <summary>The rule as it is written: what stands before it or in the same image, and within the window.</summary>
    private static bool Sees(TokenKind[] kinds, int query, int key, int? window, bool imagesWhole)
    {
        bool sameImage = imagesWhole && Enumerable.Range(Math.Min(query, key), Math.Abs(query - key) + 1).All(t => kinds[t] == TokenKind.Image);
        return (key <= query || sameImage) && (window is not { } keys || key > query - keys);
    }

    private static KeyRanges? Ranges(EncodedSample[] samples, int? window, bool imagesWhole)
    {
        using var batch = Batch.Pack(samples, CPU);
        return KeyRanges.Of(batch, window, imagesWhole);
    }

    private static EncodedSample Sample(TokenKind[] kinds) => new(new int[kinds.Length], kinds, [[.. Enumerable.Range(0, kinds.Length)]], kinds.Length, []);
}
