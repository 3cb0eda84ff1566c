using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Vision;
using static TorchSharp.torch;

namespace Interlace.Vlm.Families;

/// <summary>The settings of a model folder's image processor.</summary>
internal static class ImageSettings
{
    private const string Newer = "processor_config.json", Older = "preprocessor_config.json";

    /// <summary>
    /// Those in <c>processor_config.json</c> (transformers 5), or <c>preprocessor_config.json</c> (4.57 and the published files).
    /// </summary>
    /// <exception cref="InputException">Neither is there, or one is no JSON object.</exception>
    public static ConfigSection Read(string folder)
    {
        string path = Path.Combine(folder, Newer);
        if (File.Exists(path) && StrictJson.ReadObject(path)["image_processor"] is JsonObject nested) return new(nested, path);
        path = Path.Combine(folder, Older);
        if (!File.Exists(path)) throw new InputException($"{path} does not exist: the model folder is incomplete.");
        return new(StrictJson.ReadObject(path), path);
    }

    /// <summary>Cuts tiles into patches, normalised as the settings of a model folder say.</summary>
    /// <param name="model">The model.</param>
    /// <param name="side">Side of a tile in pixels.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="device">Where they are cut.</param>
    /// <exception cref="InputException">The settings are absent or wrong.</exception>
    public static TilePatches Patches(ModelConfig model, int side, int patch, Device device)
    {
        var images = Read(model.Folder);
        return new(side, patch, images.Channels("image_mean"), images.Channels("image_std"), device);
    }

    /// <summary>Settings that switch a step off or change it are refused, not ignored.</summary>
    /// <param name="images">The settings.</param>
    /// <param name="resample">The number of the resize that is done, in Pillow's counting.</param>
    /// <exception cref="InputException">They ask for something that is not done here.</exception>
    public static void CheckSteps(ConfigSection images, int resample)
    {
        foreach (string step in (ReadOnlySpan<string>)["do_resize", "do_rescale", "do_normalize"])
        {
            if (images.Json[step]?.GetValueKind() == JsonValueKind.False)
                throw new InputException($"{images.File} sets {step} to false, which is not supported.");
        }
        if (images.Json["resample"] is { } other && !IsNumber(other, resample))
        {
            throw new InputException($"{images.File} sets resample to {other.ToJsonString()}; "
                + $"only {resample} is supported for this model.");
        }
        if (images.Json["rescale_factor"] is { } rescale && !IsNumber(rescale, 1.0 / 255))
            throw new InputException($"{images.File} sets rescale_factor to {rescale.ToJsonString()}; only 1/255 is supported.");
    }

    private static bool IsNumber(JsonNode node, double expected) =>
        node.GetValueKind() == JsonValueKind.Number && Math.Abs(node.GetValue<double>() - expected) < 1e-9;
}
