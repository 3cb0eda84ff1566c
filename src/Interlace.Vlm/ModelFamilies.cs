using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Interlace.Vlm;

/// <summary>A model ready to use, with what belongs to it.</summary>
/// <param name="Folder">The model folder.</param>
/// <param name="Family">Name of its family.</param>
/// <param name="Model">The model; disposing this disposes it.</param>
/// <param name="Processor">Its tokenizer, template and image processing.</param>
/// <param name="StopIds">Tokens that end an answer (generation_config.json, else config.json).</param>
public sealed record LoadedModel(string Folder, string Family, VisionLanguageModel Model, IProcessor Processor, IReadOnlyList<int> StopIds) : IDisposable
{
    /// <summary>What the user should know about the folder, one sentence each.</summary>
    public IEnumerable<string> Warnings => new[] { Processor.Warning, Checkpoint.WarningOf(Folder) }.OfType<string>();

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

/// <summary>The families of models: one row each. A new family is a folder, a row here, and the shared conformance tests.</summary>
public static class ModelFamilies
{
    private sealed record Family(
        Func<JsonObject, string, ParameterSource, string, Device, ScalarType, Checkpoint?, VisionLanguageModel> Create,
        Func<string, long?, IProcessor> Process);

    private static readonly Dictionary<string, Family> Families = new(StringComparer.Ordinal)
    {
        ["qwen3_vl"] = new(Qwen3VL.Model.Create, Qwen3VL.Processor.Load),
    };

    /// <summary>Opens a model folder. Weights already in the type of the computation are used where they lie.</summary>
    /// <param name="folder">A folder in Hugging Face's layout.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="maxPixels">Lowers the model's own bound on the pixels of an image.</param>
    /// <exception cref="InputException">The folder is incomplete or wrong, or its family is not known.</exception>
    public static LoadedModel Open(string folder, Device device, ScalarType type, long? maxPixels = null)
    {
        var checkpoint = Checkpoint.Open(folder);
        try
        {
            var (name, family) = FamilyOf(checkpoint.Config, folder);
            var processor = family.Process(folder, maxPixels);
            var model = family.Create(checkpoint.Config, Path.Combine(folder, "config.json"), ParameterSources.From(checkpoint, device, type), folder, device, type, checkpoint);
            return new(folder, name, model, processor, Stops(folder, checkpoint.Config));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Name and shape of every tensor that a model folder's configuration asks for.</summary>
    /// <exception cref="InputException">The configuration is wrong, or its family is not known.</exception>
    public static IReadOnlyDictionary<string, long[]> ExpectedTensors(string folder)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        WithoutWeights(folder, expected).Dispose();
        return expected;
    }

    /// <summary>By decoder layer, name and shape of the weight [output, input] of each of its linear layers, as a model folder's configuration asks for them.</summary>
    /// <exception cref="InputException">The configuration is wrong, or its family is not known.</exception>
    public static IReadOnlyList<IReadOnlyList<(string Name, long[] Shape)>> DecoderLinears(string folder)
    {
        var expected = new Dictionary<string, long[]>(StringComparer.Ordinal);
        using var model = WithoutWeights(folder, expected);
        return [.. model.Layers.Select(layer => layer.Linears.Select(linear => (linear.Weight.Name, expected[linear.Weight.Name])).ToArray())];
    }

    private static VisionLanguageModel WithoutWeights(string folder, IDictionary<string, long[]> expected)
    {
        string path = Path.Combine(folder, "config.json");
        JsonObject config = StrictJson.ReadObject(path);
        return FamilyOf(config, folder).Family.Create(config, path, ParameterSources.Recorder(expected), folder, CPU, ScalarType.Float32, null);
    }

    private static (string Name, Family Family) FamilyOf(JsonObject config, string folder)
    {
        return config["model_type"] is JsonValue value && value.TryGetValue(out string? type) && Families.TryGetValue(type, out var family) ? (type, family)
            : throw new InputException($"{folder} holds a model of type '{config["model_type"]}', which is not supported (supported: {string.Join(", ", Families.Keys)}).");
    }

    private static bool IsId(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int _);

    private static int[] Stops(string folder, JsonObject config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        JsonNode? own = File.Exists(path) ? StrictJson.ReadObject(path)["eos_token_id"] : null;
        JsonNode? stop = own ?? config["eos_token_id"] ?? (config["text_config"] as JsonObject)?["eos_token_id"];
        return stop switch
        {
            JsonArray many when many.All(IsId) => [.. many.Select(id => id!.GetValue<int>())],
            JsonValue one when IsId(one) => [one.GetValue<int>()],
            { } other => throw new InputException($"{folder}: eos_token_id is {other.ToJsonString()}, expected the number of a token or a list of them."),
            _ => throw new InputException($"{folder} names no token that ends an answer: eos_token_id is neither in generation_config.json nor in config.json."),
        };
    }
}
