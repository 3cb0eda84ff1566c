using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families.Llava;

/// <summary>Names of the tensors of the LLaVA models beside the language model's.</summary>
internal static class LlavaNames
{
    /// <summary>The vision tower; files have it with and without the name of its inner class.</summary>
    public static NameRule Tower { get; } = new(ModelPart.Vision, "model.vision_tower.", "vision_tower.vision_model.", "vision_tower.");

    /// <summary>The projector.</summary>
    public static NameRule Projector { get; } = new(ModelPart.Vision, "model.multi_modal_projector.", "multi_modal_projector.");
}
