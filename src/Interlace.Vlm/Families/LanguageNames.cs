using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>Names of the tensors of language models, and of those that a vision-language model wraps.</summary>
internal static class LanguageNames
{
    /// <summary>A language model alone.</summary>
    public static TensorNames Alone { get; } = new(new(ModelPart.Other, "model."), new NameRule(ModelPart.Head, "lm_head."));

    /// <summary>
    /// A language model within another: published files have its own names under a prefix, newer programs one prefix for all.
    /// </summary>
    /// <param name="others">The other parts' names.</param>
    public static TensorNames Wrapped(params NameRule[] others) => new(
        new(ModelPart.Other, "model.language_model.", "language_model.model."),
        [new NameRule(ModelPart.Head, "lm_head.", "language_model.lm_head."), .. others]);
}
