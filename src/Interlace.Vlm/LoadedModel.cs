using System.Text.Json.Nodes;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>A model ready to use, with what belongs to it.</summary>
/// <param name="Folder">The model folder.</param>
/// <param name="ModelType">Its family, as <c>config.json</c> names it.</param>
/// <param name="Model">The model; disposing this disposes it.</param>
/// <param name="Processor">Its tokenizer, template and image processing.</param>
/// <param name="StopIds">Tokens that end an answer (generation_config.json, else config.json).</param>
public sealed record LoadedModel(
    string Folder, string ModelType, VisionLanguageModel Model, Processor Processor, IReadOnlyList<int> StopIds) : IDisposable
{
    /// <summary>What the user should know about the folder, one sentence each.</summary>
    public IEnumerable<string> Warnings => new[] { Checkpoint.WarningOf(Folder) }.OfType<string>();

    /// <summary>Opens a model folder. Weights already in the type of the computation are used where they lie.</summary>
    /// <param name="folder">A folder in Hugging Face's layout.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="maxPixels">Lowers the model's own bound on the pixels of an image.</param>
    /// <param name="cancellation">Calls off what the model is at work on.</param>
    /// <exception cref="InputException">The folder is incomplete or wrong, or its family is not known.</exception>
    public static LoadedModel Open(string folder, Device device, ScalarType type, long? maxPixels = null,
        CancellationToken cancellation = default) => Open(folder, device, type, _ => false, maxPixels, cancellation);

    /// <summary>Opens a model folder without the weights of some decoder layers.</summary>
    /// <param name="folder">A folder in Hugging Face's layout.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="elsewhere">
    /// Whether the weights of a decoder layer, by its 0-based index, are not to be read: whoever runs it puts them there first
    /// (<see cref="Parameter.Exchange"/>).
    /// </param>
    /// <param name="maxPixels">Lowers the model's own bound on the pixels of an image.</param>
    /// <param name="cancellation">Calls off what the model is at work on.</param>
    /// <exception cref="InputException">The folder is incomplete or wrong, or its family is not known.</exception>
    public static LoadedModel Open(string folder, Device device, ScalarType type, Predicate<int> elsewhere, long? maxPixels = null,
        CancellationToken cancellation = default)
    {
        var checkpoint = Checkpoint.Open(folder);
        try
        {
            var config = ModelConfig.Of(checkpoint);
            var (family, parts) = FamilyTable.Runnable(config);
            var processor = parts.Processor(config, maxPixels);
            var source = ParameterSources.From(checkpoint, device, type);
            var absent = ParameterSources.Absent(checkpoint, device, type);
            var model = VisionLanguageModel.Create(family, parts, config, checkpoint.Names, source, device, type, checkpoint,
                l => elsewhere(l) ? absent : source, cancellation);
            return new(folder, family.ModelType, model, processor, Stops(config));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static int[] Stops(ModelConfig config)
    {
        string path = Path.Combine(config.Folder, "generation_config.json");
        JsonNode? own = File.Exists(path) ? StrictJson.ReadObject(path)["eos_token_id"] : null;
        JsonNode? stop = own ?? config.Root.Json["eos_token_id"] ?? config.Text.Json["eos_token_id"];
        return stop switch
        {
            JsonArray many when many.All(IsId) => [.. many.Select(id => id!.GetValue<int>())],
            JsonValue one when IsId(one) => [one.GetValue<int>()],
            { } other => throw new InputException(
                $"{config.Folder}: eos_token_id is {other.ToJsonString()}, expected the number of a token or a list of them."),
            _ => throw new InputException($"{config.Folder} names no token that ends an answer: "
                + "eos_token_id is neither in generation_config.json nor in config.json."),
        };
    }

    private static bool IsId(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int _);
}
