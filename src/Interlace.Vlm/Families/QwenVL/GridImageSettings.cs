using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families.QwenVL;

/// <summary>How images are prepared, and the ids that stand for them.</summary>
/// <param name="MinPixels">Smaller images are enlarged.</param>
/// <param name="MaxPixels">Larger images are made smaller.</param>
/// <param name="PatchSize">Side of a patch in pixels.</param>
/// <param name="MergeSize">Patches along a side of the block that becomes one token.</param>
/// <param name="TemporalPatchSize">Frames of a patch.</param>
/// <param name="Mean">Mean per channel, of values 0 to 1.</param>
/// <param name="Std">Standard deviation per channel.</param>
/// <param name="ImageToken">Id that stands for a visual token of an image.</param>
/// <param name="VideoToken">Id that stands for a visual token of a video.</param>
/// <param name="VocabularySize">Rows of the model's embedding: ids lie below. Null where the config does not say.</param>
internal sealed record GridImageSettings(
    long MinPixels, long MaxPixels, int PatchSize, int MergeSize, int TemporalPatchSize, IReadOnlyList<double> Mean,
    IReadOnlyList<double> Std, int ImageToken, int VideoToken, int? VocabularySize = null)
{
    private const int Bicubic = 3;   // Pillow's number

    /// <summary>Sides of a resized image are multiples of this.</summary>
    public int Factor => PatchSize * MergeSize;

    /// <summary>Reads a model folder: its image settings, and the token ids of config.json.</summary>
    /// <exception cref="InputException">A file or a value is absent, or asks for something that is not done here.</exception>
    public static GridImageSettings Load(string folder)
    {
        var images = ImageSettings.Read(folder);
        ImageSettings.CheckSteps(images, Bicubic);
        var config = ModelConfig.Read(folder);
        var settings = new GridImageSettings(
            Pixels(images, "min_pixels", "shortest_edge"), Pixels(images, "max_pixels", "longest_edge"),
            images.Patch("patch_size"), images.Merge("merge_size"),
            images.Patch("temporal_patch_size"),
            images.Channels("image_mean"), images.Channels("image_std"),
            config.Root.Int("image_token_id", int.MaxValue), config.Root.Int("video_token_id", int.MaxValue),
            config.Text.Has("vocab_size") ? config.Text.Vocabulary("vocab_size") : null);
        if (settings.Std.Any(deviation => deviation <= 0)) throw new InputException($"{images.File}: image_std must be above 0.");
        if (settings.MinPixels > settings.MaxPixels)
        {
            throw new InputException($"{images.File}: the smallest number of pixels ({settings.MinPixels}) "
                + $"is above the largest ({settings.MaxPixels}).");
        }
        if (config.Root.Has("vision_config")) settings.CheckVision(config.Vision.Json, images.File);
        return settings;
    }

    /// <summary>A bound under its older names or the newer one.</summary>
    private static long Pixels(ConfigSection images, string old, string edge)
    {
        if (images.Has(old)) return images.Int(old, int.MaxValue);
        var size = images.Section("size");
        return size.Int(size.Has(old) ? old : edge, int.MaxValue);
    }

    /// <summary>The processor cuts what the vision encoder reads, so both must name the same sizes.</summary>
    private void CheckVision(JsonObject vision, string file)
    {
        foreach ((string name, int mine) in (ReadOnlySpan<(string, int)>)
            [("patch_size", PatchSize), ("spatial_merge_size", MergeSize), ("temporal_patch_size", TemporalPatchSize)])
        {
            if (vision[name] is { } theirs && theirs.GetValueKind() == JsonValueKind.Number && theirs.GetValue<double>() != mine)
            {
                throw new InputException($"{file} cuts images with {name} {mine}, "
                    + $"but vision_config in config.json has {theirs.ToJsonString()}.");
            }
        }
    }
}
