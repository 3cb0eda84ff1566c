using System.Text.Json.Nodes;
using Interlace.Vlm.Files;

namespace Interlace.Vlm.Checkpoints;

/// <summary>What the headers of a model folder tell about it: nothing is read but those.</summary>
/// <param name="ModelType">Family, as <c>config.json</c> names it.</param>
/// <param name="LayerCount">Number of decoder layers.</param>
/// <param name="HiddenSize">Width of the residual stream; 0 where the config does not tell.</param>
/// <param name="VisionDepth">Blocks of the vision tower; 0 where the config does not tell.</param>
/// <param name="AddedLevels">Levels of visual features that are added behind the first decoder layers.</param>
/// <param name="TiedHead">The output head is the embedding.</param>
/// <param name="Parts">Size of each part, all parts in order.</param>
/// <param name="Types">Parameters by element type, most first.</param>
/// <param name="Files">Name and size of every weight file.</param>
public sealed record ModelSummary(
    string ModelType, int LayerCount, int HiddenSize, int VisionDepth, int AddedLevels, bool TiedHead,
    IReadOnlyDictionary<ModelPart, PartSize> Parts, IReadOnlyList<(ElementType Type, long Parameters)> Types,
    IReadOnlyList<(string Name, long Bytes)> Files)
{
    /// <summary>Number of all weights.</summary>
    public long Parameters => Parts.Values.Sum(part => part.Parameters);

    /// <summary>Whether the model sees images: it has weights for them.</summary>
    public bool ReadsImages => Parts[ModelPart.Vision].Parameters > 0;

    /// <summary>Size of all weight files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Reads the headers of a model folder.</summary>
    /// <exception cref="InputException">The folder holds no model of a known family, or it is incomplete.</exception>
    public static ModelSummary Of(Checkpoint checkpoint)
    {
        var layout = DecoderLayout.Of(checkpoint);
        var parts = Enum.GetValues<ModelPart>().ToDictionary(part => part, _ => new PartSize());
        var types = new SortedDictionary<ElementType, long>();
        foreach (var tensor in checkpoint.Files.SelectMany(file => file.Tensors))
        {
            var (part, count) = (layout.PartOf(tensor.Name), tensor.Bytes / tensor.Type.Size());
            parts[part] = new(parts[part].Parameters + count, parts[part].Bytes + tensor.Bytes);
            types[tensor.Type] = types.GetValueOrDefault(tensor.Type) + count;
        }
        JsonObject text = checkpoint.Config["text_config"] as JsonObject ?? checkpoint.Config;
        var vision = checkpoint.Config["vision_config"] as JsonObject;
        return new(
            checkpoint.Config["model_type"]!.GetValue<string>(), layout.LayerCount, Integer(text["hidden_size"]),
            Integer(vision?["depth"] ?? vision?["num_hidden_layers"]),
            layout.AddedLevels, parts[ModelPart.Head].Parameters == 0, parts,
            [.. types.OrderByDescending(type => type.Value).Select(type => (type.Key, type.Value))],
            [.. checkpoint.Files.Select(file => (Path.GetFileName(file.Path), UserFile.LengthOf(file.Path)))]);
    }

    private static int Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : 0;
}
