using Interlace.Vlm.Decoder;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Images;

namespace Interlace.Vlm.Families.Qwen3VLMoe;

/// <summary>
/// Qwen3-VL with a mixture of experts in its decoder layers; everything else is that of the dense models, but that its reference was
/// recorded with Pillow's resize.
/// </summary>
internal static class Qwen3VLMoeFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = Qwen3VLFamily.Row with
    {
        ModelType = "qwen3_vl_moe",
        LayerKeys = DenseLayers.Keys,
        Gguf = null,
        Parts = Qwen3VLFamily.Row.Parts! with
        {
            Decoder = Decoder,
            Processor = static (config, maxPixels) => Qwen3VLFamily.Processor(config, maxPixels, Resize.BicubicPillow),
        },
    };

    private static DecoderSpec Decoder(ModelConfig config)
    {
        var spec = Qwen3VLFamily.Decoder(config);
        var experts = ExpertConfig.Read(config.Text);
        var dense = DenseLayers.Of(config.Text.Json, spec.LayerCount);
        return spec with
        {
            TiedHead = config.Root.Flag("tie_word_embeddings", false),   // what text_config says of it is a class's default
            AddsFeedForwardAsItIs = dense.Count >= spec.LayerCount,      // experts have no last matrix that is one for all tokens
            NewLayer = (source, name, own, l) => new DecoderLayer(source, name, own, dense.Contains(l)
                ? null : ExpertConfig.AsStored(experts, config, $"{name}.mlp", own.HiddenSize)),
        };
    }
}
