using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>The record <c>interlace.json</c> in a pruned model folder: where the model comes from. It stands beside the files of the model, whose config gets no unknown keys.</summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Stage">What made the folder.</param>
/// <param name="Parent">The model it was made from.</param>
/// <param name="ParentLayers">Number of decoder layers of that model.</param>
/// <param name="KeptLayers">Index in that model of each decoder layer here.</param>
/// <param name="ParentRecord">The parent's own record, where it has one: a model may be pruned more than once.</param>
public sealed record PrunedModelFile(string Format, string CreatedBy, string Stage, ModelIdentity Parent, int ParentLayers, int[] KeptLayers, JsonNode? ParentRecord)
{
    /// <summary>The record's file name.</summary>
    public const string Name = "interlace.json";

    /// <summary>The file that a tuned folder has besides: its weights are no longer its parent's.</summary>
    public const string TrainingRecordName = "training.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-model/1";

    internal string ToJson() => JsonSerializer.Serialize(this, ArtefactJson.Readable.PrunedModelFile) + "\n";
}
