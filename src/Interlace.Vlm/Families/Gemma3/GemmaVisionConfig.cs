using Interlace.Vlm.Families.Clip;

namespace Interlace.Vlm.Families.Gemma3;

/// <summary>The vision tower's sizes, and how many of its features along a side become one token.</summary>
/// <param name="Tower">Sizes of the tower, SigLIP.</param>
/// <param name="Pool">Features along a side of the square whose mean becomes one token.</param>
/// <param name="Tokens">Tokens of an image.</param>
internal sealed record GemmaVisionConfig(ClipConfig Tower, int Pool, int Tokens)
{
    /// <summary>Reads <c>vision_config</c> and <c>mm_tokens_per_image</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static GemmaVisionConfig Read(ModelConfig model)
    {
        model.Vision.OneOf("model_type", ClipConfig.Siglip, ClipConfig.Siglip);
        var tower = ClipConfig.Read(model, ClipConfig.Siglip);
        int tokens = model.Root.Int("mm_tokens_per_image", ConfigSection.LargestPositions, 256), side = (int)Math.Sqrt(tokens);
        return side * side == tokens && tower.Grid % side == 0
            ? new(tower, tower.Grid / side, tokens)
            : throw new InputException($"{model.Root.File}: "
                + $"{tower.Grid} x {tower.Grid} patches cannot be pooled to mm_tokens_per_image {tokens}.");
    }
}
