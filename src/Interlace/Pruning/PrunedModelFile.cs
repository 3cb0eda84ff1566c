using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Pruning.Bridging;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>The record <c>interlace.json</c> in a pruned model folder: where the model comes from.
/// It stands beside the files of the model, whose config gets no unknown keys.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Stage">What made the folder.</param>
/// <param name="Parent">The model it was made from.</param>
/// <param name="ParentLayers">Number of decoder layers of that model.</param>
/// <param name="KeptLayers">Index in that model of each decoder layer here.</param>
/// <param name="ParentRecord">The parent's own record, where it has one: a model may be pruned more than once.</param>
/// <param name="Bridge">How the dropped layers were bridged; null where they were not.</param>
public sealed record PrunedModelFile(string Format, string CreatedBy, string Stage, ModelIdentity Parent, int ParentLayers,
    int[] KeptLayers, JsonNode? ParentRecord,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BridgeAccount? Bridge = null) : IArtefact
{
    /// <summary>The record's file name.</summary>
    public const string Name = "interlace.json";

    /// <summary>The file that a tuned folder has besides: its weights are no longer its parent's.</summary>
    public const string TrainingRecordName = "training.json";

    /// <summary>The log of its tuning.</summary>
    public const string TrainingLogName = "train.jsonl";

    /// <summary>The same log as TensorBoard reads it, where that is asked for.</summary>
    public const string TrainingEventsName = "events.out.tfevents.interlace";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-model/1";

    /// <summary>The record of a pruned folder.</summary>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    public static PrunedModelFile Load(string pruned)
    {
        string path = Path.Combine(pruned, Name);
        return File.Exists(path) ? Artefact.Load(path, ArtefactJson.Readable<PrunedModelFile>(), CurrentFormat, "", Wrong, Check)
            : throw new InputException($"{pruned} holds no {Name}, which says what it was made from.");
    }

    /// <summary>Checks that a pruned folder was made from a model, directly or in several steps.</summary>
    /// <param name="pruned">The pruned folder with its record.</param>
    /// <param name="model">The folder of that model.</param>
    /// <returns>The model's identity.</returns>
    /// <exception cref="InputException">It was made from another model, or there is no record.</exception>
    public static ModelIdentity CheckAncestor(string pruned, string model) => Ancestor(pruned, model).Model;

    /// <summary>The same, and where in that model each layer of the pruned one lies.</summary>
    /// <returns>The model's identity, and the 0-based index in it of each decoder layer of the pruned model.</returns>
    /// <exception cref="InputException">It was made from another model, or a record is absent or contradicts another.</exception>
    public static (ModelIdentity Model, int[] Layers) Ancestor(string pruned, string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        var identity = ModelIdentity.Of(checkpoint);
        string? difference = null;
        var record = Load(pruned);
        for (int[] layers = record.KeptLayers; ; layers = [.. layers.Select(layer => record.KeptLayers[layer])])
        {
            if (record.Parent.DifferenceFrom(identity) is not { } found) return (identity, layers);
            difference ??= found;
            if (record.ParentRecord is not { } earlier) break;
            int between = record.ParentLayers;
            record = Parse(earlier.ToJsonString(), pruned);
            if (record.KeptLayers.Length != between)
            {
                throw new InputException($"The record in {pruned} {Wrong}: its parent has {between} layers there "
                    + $"and {record.KeptLayers.Length} by its own record.");
            }
        }
        throw new InputException($"{pruned} was not made from {model}: {difference}; name the model that was pruned.");
    }

    private const string Wrong = "is no valid record of a pruned model";

    private static PrunedModelFile Parse(string json, string path)
    {
        try
        {
            var found = StrictJson.Parse(json, ArtefactJson.Readable<PrunedModelFile>());
            Check(found);
            return found;
        }
        catch (JsonException e)
        {
            throw new InputException($"The record of the parent in {path} {Wrong}: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static void Check(PrunedModelFile found)
    {
        Counts.Check(found.ParentLayers, "layers of the parent", least: 1, most: Counts.MostLayers);
        Counts.Check(found.KeptLayers.Length, "kept layers", least: 1);
        Counts.CheckLayers(found.KeptLayers, "kept layers", found.ParentLayers);
        found.Bridge?.Check(found.ParentLayers);
    }

    internal string ToJson() => JsonSerializer.Serialize(this, ArtefactJson.Readable<PrunedModelFile>()) + "\n";
}
