using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>
/// Families whose checkpoints can be pruned, but not run here: how their files are laid out is all that is known of them.
/// </summary>
internal static class PrunableFamilies
{
    /// <summary>One row each.</summary>
    public static IReadOnlyList<Family> Rows { get; } =
    [
        new("gemma3", LanguageNames.Wrapped(new(ModelPart.Vision, "model.vision_tower.", "vision_tower."),
            new(ModelPart.Vision, "model.multi_modal_projector.", "multi_modal_projector.")))
        {
            ImpliedLayerTypes = LayerTypes.FullEvery(6),
        },
    ];
}
