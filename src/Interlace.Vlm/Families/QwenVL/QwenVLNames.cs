using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>Names of the tensors of Qwen2-VL and Qwen2.5-VL: flat in published files, nested as newer programs write them.</summary>
internal static class QwenVLNames
{
    /// <summary>What the vision tower's names begin with in memory, without the dot.</summary>
    public const string Tower = "model.visual";

    /// <summary>What the names of the merger's parameters begin with in memory: the projector.</summary>
    public const string Merger = Tower + ".merger.";

    /// <summary>All of them.</summary>
    public static TensorNames All { get; } = new(
        new(ModelPart.Other, "model.language_model.", "model."),
        new NameRule(ModelPart.Head, "lm_head."),
        new NameRule(ModelPart.Vision, Tower + ".", "visual."));
}
