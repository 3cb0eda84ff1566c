namespace Interlace.Tests.Importing;

/// <summary>A GGUF file of a model with two layers and a tokenizer of bytes and four merges, made from nothing.</summary>
internal static class TinyGguf
{
    private const int Hidden = 32, Inner = 32, Layers = 2, Heads = 4, KeyHeads = 2, HeadSize = 8;

    private static readonly string[] Words = ["Ġt", "he", "Ġthe", "in"], Merges = ["Ġ t", "h e", "Ġt he", "i n"];
    private static readonly string[] Special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    /// <summary>The file, to be changed before it is written.</summary>
    /// <param name="architecture">llama, qwen2 or qwen3.</param>
    /// <param name="pre">The name of its pre-tokenizer.</param>
    /// <param name="tied">No output matrix of its own.</param>
    public static GgufBytes Create(string architecture = "llama", string pre = "smollm", bool tied = true)
    {
        string[] tokens = [.. Special, .. Bytes(), .. Words];
        var file = new GgufBytes
        {
            Keys =
            [
                ("general.architecture", architecture), ("general.name", "tiny"),
                ($"{architecture}.block_count", (uint)Layers), ($"{architecture}.context_length", 64u),
                ($"{architecture}.embedding_length", (uint)Hidden), ($"{architecture}.feed_forward_length", (uint)Inner),
                ($"{architecture}.attention.head_count", (uint)Heads), ($"{architecture}.attention.head_count_kv", (uint)KeyHeads),
                ($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f), ($"{architecture}.rope.freq_base", 10_000f),
                ("tokenizer.ggml.model", "gpt2"), ("tokenizer.ggml.pre", pre), ("tokenizer.ggml.tokens", tokens),
                ("tokenizer.ggml.token_type", (int[])[.. tokens.Select((_, id) => id < Special.Length ? 3 : 1)]),
                ("tokenizer.ggml.merges", Merges), ("tokenizer.ggml.bos_token_id", 1u), ("tokenizer.ggml.eos_token_id", 2u),
            ],
        };
        Add("token_embd.weight", tokens.Length, Hidden);
        for (int l = 0; l < Layers; l++)
        {
            Add($"blk.{l}.attn_norm.weight", Hidden);
            Add($"blk.{l}.attn_q.weight", Heads * HeadSize, Hidden);
            Add($"blk.{l}.attn_k.weight", KeyHeads * HeadSize, Hidden);
            Add($"blk.{l}.attn_v.weight", KeyHeads * HeadSize, Hidden);
            Add($"blk.{l}.attn_output.weight", Hidden, Heads * HeadSize);
            if (architecture == "qwen2")
                foreach (var (part, size) in new[] { ("q", Heads * HeadSize), ("k", KeyHeads * HeadSize), ("v", KeyHeads * HeadSize) })
                    Add($"blk.{l}.attn_{part}.bias", size);
            if (architecture == "qwen3")
                foreach (string part in new[] { "q", "k" }) Add($"blk.{l}.attn_{part}_norm.weight", HeadSize);
            Add($"blk.{l}.ffn_norm.weight", Hidden);
            Add($"blk.{l}.ffn_gate.weight", Inner, Hidden);
            Add($"blk.{l}.ffn_up.weight", Inner, Hidden);
            Add($"blk.{l}.ffn_down.weight", Hidden, Inner);
        }
        Add("output_norm.weight", Hidden);
        if (!tied) Add("output.weight", tokens.Length, Hidden);
        return file;

        // Every value is another one, and a bf16 number: what is rounded stays the same.
        void Add(string name, params long[] shape)
        {
            long elements = shape.Aggregate(1L, (product, size) => product * size);
            int start = 1000 * file.Tensors.Count;
            float[] values = [.. Enumerable.Range(0, (int)elements).Select(i => Rounded((start + i) * 1e-5f))];
            file.Tensors.Add(GgufBytesTensor.F32(name, shape, values));
        }
    }

    private static float Rounded(float value) =>
        BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000);

    /// <summary>The 256 bytes in GPT-2's alphabet.</summary>
    private static IEnumerable<string> Bytes()
    {
        int next = 256;
        for (int b = 0; b < 256; b++)
            yield return (b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : (char)next++).ToString();
    }
}
