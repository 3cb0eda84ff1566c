using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Qwen3VL;

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
internal sealed record ProcessorSettings(
    long MinPixels, long MaxPixels, int PatchSize, int MergeSize, int TemporalPatchSize, IReadOnlyList<double> Mean,
        IReadOnlyList<double> Std, int ImageToken, int VideoToken, int? VocabularySize = null)
{
    /// <summary>Sides of a resized image are multiples of this.</summary>
    public int Factor => PatchSize * MergeSize;

    /// <summary>
    /// Reads a model folder: processor_config.json (transformers 5) or preprocessor_config.json (4.57 and the published files), and the token ids of config.json.
    /// </summary>
    /// <exception cref="InputException">A file or a value is absent, or asks for something that is not done here.</exception>
    public static ProcessorSettings Load(string folder)
    {
        string file = Path.Combine(folder, "processor_config.json");
        JsonObject? images = File.Exists(file) ? Read(file)["image_processor"] as JsonObject : null;
        if (images is null)
        {
            file = Path.Combine(folder, "preprocessor_config.json");
            images = Read(file);
        }
        string configFile = Path.Combine(folder, "config.json");
        JsonObject config = Read(configFile);
        CheckSteps(images, file);

        JsonObject? size = images["size"] as JsonObject;
        long Pixels(string old, string edge) => Whole(images[old] ?? size?[old] ?? size?[edge], $"size.{edge}", file);
        var settings = new ProcessorSettings(
            Pixels("min_pixels", "shortest_edge"), Pixels("max_pixels", "longest_edge"),
            (int)Whole(images["patch_size"], "patch_size", file, Config.LargestPatch),
            (int)Whole(images["merge_size"], "merge_size", file, Config.LargestMerge),
            (int)Whole(images["temporal_patch_size"], "temporal_patch_size", file, Config.LargestPatch),
            Channels(images["image_mean"], "image_mean", file), Channels(images["image_std"], "image_std", file),
            (int)Whole(config["image_token_id"], "image_token_id", configFile),
            (int)Whole(config["video_token_id"], "video_token_id", configFile),
            (config["text_config"] as JsonObject)?["vocab_size"] is { } rows
            ? (int)Whole(rows, "text_config.vocab_size", configFile, Config.LargestVocabulary) : null);
        if (settings.Std.Any(deviation => deviation <= 0)) throw new InputException($"{file}: image_std must be above 0.");
        if (settings.MinPixels > settings.MaxPixels) throw new InputException($"{file}: the smallest number of pixels ({settings.MinPixels}) is above the largest ({settings.MaxPixels}).");
        if (config["vision_config"] is JsonObject vision) settings.CheckVision(vision, file);
        return settings;
    }

    /// <summary>The processor cuts what the vision encoder reads, so both must name the same sizes.</summary>
    private void CheckVision(JsonObject vision, string file)
    {
        foreach ((string name, int mine) in (ReadOnlySpan<(string, int)>)[("patch_size", PatchSize), ("spatial_merge_size", MergeSize), ("temporal_patch_size", TemporalPatchSize)])
            if (vision[name] is { } theirs && theirs.GetValueKind() == JsonValueKind.Number && theirs.GetValue<double>() != mine)
                throw new InputException($"{file} cuts images with {name} {mine}, but vision_config in config.json has {theirs.ToJsonString()}.");
    }

    /// <summary>Settings that switch a step off or change it are refused, not ignored.</summary>
    private static void CheckSteps(JsonObject images, string file)
    {
        foreach (string step in (ReadOnlySpan<string>)["do_resize", "do_rescale", "do_normalize"])
            if (images[step]?.GetValueKind() == JsonValueKind.False) throw new InputException($"{file} sets {step} to false, which is not supported.");
        if (images["resample"] is { } resample && !IsNumber(resample, 3)) throw new InputException($"{file} sets resample to {resample.ToJsonString()}; only 3 (bicubic) is supported.");
        if (images["rescale_factor"] is { } rescale && !IsNumber(rescale, 1.0 / 255)) throw new InputException($"{file} sets rescale_factor to {rescale.ToJsonString()}; only 1/255 is supported.");
    }

    private static bool IsNumber(JsonNode node, double expected) => node.GetValueKind() == JsonValueKind.Number && Math.Abs(node.GetValue<double>() - expected) < 1e-9;

    private static JsonObject Read(string file)
    {
        if (!File.Exists(file)) throw new InputException($"{file} does not exist: the model folder is incomplete.");
        return StrictJson.ReadObject(file);
    }

    private static long Whole(JsonNode? node, string name, string file, int most = int.MaxValue) =>
        node?.GetValueKind() == JsonValueKind.Number && node.GetValue<double>() is >= 1 and var number && number <= most && number % 1 == 0
            ? (long)number
            : throw new InputException($"{file}: {name} is {node?.ToJsonString() ?? "absent"}, expected a whole number from 1 to {most}.");

    private static double[] Channels(JsonNode? node, string name, string file) =>
        node is JsonArray { Count: 3 } values
            && values.All(value => value?.GetValueKind() == JsonValueKind.Number && double.IsFinite(value.GetValue<double>()))
            ? [.. values.Select(value => value!.GetValue<double>())]
            : throw new InputException($"{file}: {name} is {node?.ToJsonString() ?? "absent"}, expected three numbers.");
}
