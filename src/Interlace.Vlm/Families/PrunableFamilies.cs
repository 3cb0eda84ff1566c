using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>
/// Families whose checkpoints can be pruned, but not run here: how their files are laid out is all that is known of them.
/// </summary>
internal static class PrunableFamilies
{
    private static readonly NameRule Head = new(ModelPart.Head, "lm_head.");

    /// <summary>One row each.</summary>
    public static IReadOnlyList<Family> Rows { get; } =
    [
        new("smolvlm", new(new(ModelPart.Other, "model.text_model."), Head, new(ModelPart.Vision, "model.vision_model."),
            new(ModelPart.Vision, "model.connector."))),
        new("gemma3", LanguageNames.Wrapped(new(ModelPart.Vision, "model.vision_tower.", "vision_tower."),
            new(ModelPart.Vision, "model.multi_modal_projector.", "multi_modal_projector.")))
        {
            ImpliedLayerTypes = LayerTypes.FullEvery(6),
        },
    ];
}
