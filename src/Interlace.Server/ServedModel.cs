using System.Text.Json.Nodes;
using Interlace.Evaluation.Asking;
using Interlace.Pruning;
using Interlace.Reporting;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Server;

/// <summary>A model that is served: its name, and what its folder tells of it.</summary>
/// <param name="Name">What callers call it.</param>
/// <param name="Loaded">The model.</param>
public sealed record ServedModel(string Name, LoadedModel Loaded)
{
    /// <summary>Tokens that prompt and answer may have together, by the model's config; null where it does not say.</summary>
    public int? ContextLength { get; } = Context(Loaded.Folder);

    private readonly JsonObject _account = Account(Loaded);
    private readonly long _created = new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(Loaded.Folder, "config.json")))
        .ToUnixTimeSeconds();

    /// <summary>The model in OpenAI's form; under <c>interlace</c> what was done to it.</summary>
    internal JsonObject ToJson() => new()
    {
        ["id"] = Name, ["object"] = "model", ["created"] = _created, ["owned_by"] = "interlace", ["interlace"] = _account.DeepClone(),
    };

    private static JsonObject Account(LoadedModel loaded)
    {
        var history = ModelHistory.Of(loaded.Folder);
        LayerRole[] roles = Roles(loaded);
        using var checkpoint = Checkpoint.Open(loaded.Folder);
        return new()
        {
            ["kind"] = history.Kind,
            ["method"] = history.Method,
            ["layers"] = loaded.Model.Layers.Count,
            ["parameters"] = ModelSummary.Of(checkpoint).Parameters,
            ["reads_images"] = loaded.Processor.ReadsImages,
            ["roles"] = new string([.. roles.Select(PlanRow.Symbol)]),
        };
    }

    /// <summary>What became of each layer of the model it was made from; its own, all kept, where it was made from none.</summary>
    private static LayerRole[] Roles(LoadedModel loaded)
    {
        string plan = Path.Combine(loaded.Folder, PlanFile.Name);
        if (RunReport.Plan(plan) is { } found) return PlanRow.Roles(found);
        if (!File.Exists(Path.Combine(loaded.Folder, PrunedModelFile.Name))) return new LayerRole[loaded.Model.Layers.Count];
        var record = PrunedModelFile.Load(loaded.Folder);
        return [.. Enumerable.Range(0, record.ParentLayers)
            .Select(layer => record.KeptLayers.Contains(layer) ? LayerRole.Frozen : LayerRole.Drop)];
    }

    private static int? Context(string folder)
    {
        JsonObject config = StrictJson.ReadObject(Path.Combine(folder, "config.json"));
        JsonNode? length = (config["text_config"] as JsonObject)?["max_position_embeddings"] ?? config["max_position_embeddings"];
        return length is JsonValue value && value.TryGetValue(out int tokens) && tokens > 0 ? tokens : null;
    }
}
