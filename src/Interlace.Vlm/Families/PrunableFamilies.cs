using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>Families whose checkpoints can be pruned, but not run here: how their files are laid out is all that is known of them.</summary>
internal static class PrunableFamilies
{
    private static readonly NameRule Head = new(ModelPart.Head, "lm_head.", "language_model.lm_head.");
    private static readonly NameRule Wrapped = new(ModelPart.Other, "model.language_model.", "language_model.model.");
    private static readonly NameRule Flat = new(ModelPart.Other, "model.");
    private static readonly NameRule QwenVL = new(ModelPart.Other, "model.language_model.", "model.");
    private static readonly NameRule QwenVision = new(ModelPart.Vision, "model.visual.", "visual.");
    private static readonly NameRule Tower = new(ModelPart.Vision, "model.vision_tower.", "vision_tower.");
    private static readonly NameRule Projector = new(ModelPart.Vision, "model.multi_modal_projector.", "multi_modal_projector.");

    /// <summary>One row each.</summary>
    public static IReadOnlyList<Family> Rows { get; } =
    [
        new("qwen2_5_vl", new(QwenVL, Head, QwenVision)) { Place = DecoderPlace.Either, ImpliedLayerTypes = LayerTypes.SlidingFrom(80) },
        new("qwen2_vl", new(QwenVL, Head, QwenVision)) { Place = DecoderPlace.Either, ImpliedLayerTypes = LayerTypes.SlidingFrom(80) },
        new("llava", new(Wrapped, Head, Tower, Projector)),
        new("llava_onevision", new(Wrapped, Head, Tower, Projector)) { ImpliedLayerTypes = LayerTypes.SlidingFrom(28) },
        new("internvl", new(Wrapped, Head, Tower, Projector)) { ImpliedLayerTypes = LayerTypes.SlidingFrom(28) },
        new("smolvlm", new(new(ModelPart.Other, "model.text_model."), Head, new(ModelPart.Vision, "model.vision_model."),
            new(ModelPart.Vision, "model.connector."))),
        new("gemma3", new(Wrapped, Head, Tower, Projector)) { ImpliedLayerTypes = LayerTypes.FullEvery(6) },
        new("qwen3", new(Flat, Head)) { Place = DecoderPlace.Root, ImpliedLayerTypes = LayerTypes.SlidingFrom(28) },
        new("llama", new(Flat, Head)) { Place = DecoderPlace.Root },
    ];
}
