using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Decoder;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>
/// Qwen3-VL, dense: interleaved M-RoPE, and a vision tower whose inner features are added behind the first decoder layers (DeepStack).
/// Configurations as transformers 4.57 (the published files) and 5.x write them.
/// </summary>
internal static class Qwen3VLFamily
{
    /// <summary>The row of the table.</summary>
    public static Family Row { get; } = new("qwen3_vl", new(
        new(ModelPart.Other, "model.language_model."), new NameRule(ModelPart.Head, "lm_head."),
            new NameRule(ModelPart.Vision, "model.visual.")))
    {
        AddedLevels = AddedLevels,
        Gguf = new("qwen3vl") { Vision = Qwen3VLGguf.Of },
        Projector = ["model.visual.merger.", "model.visual.deepstack_merger_list."],
        Parts = new(Decoder, Processor, (config, source, device) =>
        {
            var patches = new GridPatches(GridImageSettings.Load(config.Folder), device);
            return new VisionTower(source, "model.visual", VisionConfig.Read(config), patches);
        }),
    };

    /// <summary>Sizes of the decoder.</summary>
    /// <exception cref="InputException">A value is absent or out of range.</exception>
    public static DecoderSpec Decoder(ModelConfig config)
    {
        config.Text.OneOf("hidden_act", "silu", "silu");
        bool bias = config.Text.Flag("attention_bias", false);
        var spec = DecoderConfig.Read(config, (text, headSize) => RopeConfig.ReadSections(text, headSize, theta: 5e6, interleaved: true));
        return spec with { InputBias = bias, OutputBias = bias, HeadNorms = true };
    }

    /// <summary>Tokenizer, template and image processing of a folder.</summary>
    /// <exception cref="InputException">A file is absent or wrong, or the bound is less than one visual token needs.</exception>
    public static Processor Processor(ModelConfig config, long? maxPixels) => Processor(config, maxPixels, Resize.Bicubic);

    /// <summary>The same with another resize.</summary>
    /// <exception cref="InputException">As there.</exception>
    public static Processor Processor(ModelConfig config, long? maxPixels, Func<RgbImage, int, int, RgbImage> resize)
    {
        var settings = GridImageSettings.Load(config.Folder);
        var images = new GridImageProcessor(settings, resize, maxPixels) { PublishedSquare = 32 };   // qwen-vl-utils, patch 16
        var tokenizer = Tokenizer.Load(config.Folder, settings.VocabularySize);
        return new(config.Folder, tokenizer, ChatTemplate.Load(config.Folder), images, new GridPositions(settings.Factor));
    }

    private static int AddedLevels(JsonObject config) =>
        (config["vision_config"] as JsonObject)?["deepstack_visual_indexes"] is JsonArray levels ? levels.Count : 0;
}
