namespace Interlace.Vlm.Families;

/// <summary>
/// What tensors of language models are called in GGUF files and in checkpoints, and their shapes: the one table for both directions.
/// Source: the naming scheme of ggml's converter.
/// </summary>
internal static class GgufNames
{
    /// <summary>The tensor whose absence means that the embedding is the output matrix too.</summary>
    public const string Head = "output.weight";

    /// <summary>Factors of rotary frequencies, which checkpoints say in their config.</summary>
    public const string RopeFactors = "rope_freqs.weight";

    private const string HeadInFolder = "lm_head.weight";

    /// <summary>Tensors of the whole model.</summary>
    private static readonly Row[] OfModel =
    [
        new("token_embd.weight", "embed_tokens.weight", s => [s.Vocabulary, s.Hidden]),
        new("output_norm.weight", "norm.weight", s => [s.Hidden]),
        new(Head, HeadInFolder, s => [s.Vocabulary, s.Hidden], Part.Head),
    ];

    /// <summary>Tensors of a layer, whose index stands in the middle of the name.</summary>
    private static readonly Row[] OfLayer =
    [
        new("attn_norm.weight", "input_layernorm.weight", s => [s.Hidden]),
        new("attn_q.weight", "self_attn.q_proj.weight", s => [s.Heads * s.HeadSize, s.Hidden], Turned: s => s.Heads),
        new("attn_k.weight", "self_attn.k_proj.weight", s => [s.KeyHeads * s.HeadSize, s.Hidden], Turned: s => s.KeyHeads),
        new("attn_v.weight", "self_attn.v_proj.weight", s => [s.KeyHeads * s.HeadSize, s.Hidden]),
        new("attn_output.weight", "self_attn.o_proj.weight", s => [s.Hidden, s.Heads * s.HeadSize]),
        new("attn_q.bias", "self_attn.q_proj.bias", s => [s.Heads * s.HeadSize], Part.InputBias, s => s.Heads),
        new("attn_k.bias", "self_attn.k_proj.bias", s => [s.KeyHeads * s.HeadSize], Part.InputBias, s => s.KeyHeads),
        new("attn_v.bias", "self_attn.v_proj.bias", s => [s.KeyHeads * s.HeadSize], Part.InputBias),
        new("attn_output.bias", "self_attn.o_proj.bias", s => [s.Hidden], Part.OutputBias),
        new("attn_q_norm.weight", "self_attn.q_norm.weight", s => [s.HeadSize], Part.HeadNorms),
        new("attn_k_norm.weight", "self_attn.k_norm.weight", s => [s.HeadSize], Part.HeadNorms),
        new("ffn_norm.weight", "post_attention_layernorm.weight", s => [s.Hidden]),
        new("ffn_gate.weight", "mlp.gate_proj.weight", s => [s.Inner, s.Hidden]),
        new("ffn_up.weight", "mlp.up_proj.weight", s => [s.Inner, s.Hidden]),
        new("ffn_down.weight", "mlp.down_proj.weight", s => [s.Hidden, s.Inner]),
        new("ffn_gate.bias", "mlp.gate_proj.bias", s => [s.Inner], Part.InnerBias),
        new("ffn_up.bias", "mlp.up_proj.bias", s => [s.Inner], Part.InnerBias),
        new("ffn_down.bias", "mlp.down_proj.bias", s => [s.Hidden], Part.InnerBias),
    ];

    /// <summary>Parts that not every model has.</summary>
    [Flags]
    public enum Part { None = 0, Head = 1, InputBias = 2, OutputBias = 4, InnerBias = 8, HeadNorms = 16 }

    /// <summary>The tensors of a model.</summary>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="parts">The parts that it has.</param>
    /// <param name="decoder">What the names of the decoder's tensors begin with in the checkpoint.</param>
    public static IEnumerable<GgufName> Of(GgufSizes sizes, Part parts, string decoder = "model.")
    {
        foreach (var row in OfModel.Where(Has)) yield return row.At(sizes, "", row.InFolder == HeadInFolder ? "" : decoder);
        for (int l = 0; l < sizes.Layers; l++)
            foreach (var row in OfLayer.Where(Has)) yield return row.At(sizes, $"blk.{l}.", $"{decoder}layers.{l}.");

        bool Has(Row row) => (row.Part & ~parts) == 0;
    }

    /// <summary>A row of the table.</summary>
    /// <param name="InFile">Name in a GGUF file, without the layer.</param>
    /// <param name="InFolder">Name in a checkpoint, without the layer.</param>
    /// <param name="Shape">Sizes of the dimensions, the innermost last.</param>
    /// <param name="Part">The part that it belongs to.</param>
    /// <param name="Turned">Number of heads of a matrix whose rows are turned by position; null for others.</param>
    private sealed record Row(string InFile, string InFolder, Func<GgufSizes, long[]> Shape, Part Part = Part.None,
        Func<GgufSizes, int>? Turned = null)
    {
        public GgufName At(GgufSizes sizes, string file, string folder) =>
            new(file + InFile, folder + InFolder, Shape(sizes), Turned?.Invoke(sizes), Part);
    }
}
