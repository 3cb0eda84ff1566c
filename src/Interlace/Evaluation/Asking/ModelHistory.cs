using System.Text.Json.Serialization;
using Interlace.Pruning;
using Interlace.Vlm;

namespace Interlace.Evaluation.Asking;

/// <summary>What was done to a model before it was asked, as its folder says.</summary>
/// <param name="Kind">dense, dense fine-tuned, pruned, or pruned and fine-tuned; with bridges, bridged stands beside pruned.</param>
/// <param name="Layers">Decoder layers of the model it was made from; null where nothing was dropped.</param>
/// <param name="DroppedLayers">How many of those are gone.</param>
/// <param name="Method">How they were chosen, where a plan says so.</param>
public sealed record ModelHistory(string Kind, int? Layers, int DroppedLayers, string? Method)
{
    /// <summary>Dropped part of the layers, 0 to 1.</summary>
    [JsonIgnore]
    public double DropRatio => Layers is { } layers ? DroppedLayers / (double)layers : 0;

    /// <summary>Reads the records in a model folder.</summary>
    /// <exception cref="InputException">A record is damaged.</exception>
    public static ModelHistory Of(string modelFolder)
    {
        bool tuned = File.Exists(Path.Combine(modelFolder, PrunedModelFile.TrainingRecordName));
        string record = Path.Combine(modelFolder, PrunedModelFile.Name), plan = Path.Combine(modelFolder, PlanFile.Name);
        if (!File.Exists(record)) return new(tuned ? "dense fine-tuned" : "dense", null, 0, null);
        var file = PrunedModelFile.Load(modelFolder);
        int dropped = file.ParentLayers - file.KeptLayers.Length;
        bool bridged = file.Bridge?.Layers.Count > 0;
        string kind = (dropped > 0, tuned) switch
        {
            (true, true) => bridged ? "pruned, bridged and fine-tuned" : "pruned and fine-tuned",
            (true, false) => bridged ? "pruned and bridged" : "pruned",
            (false, true) => "dense fine-tuned", _ => "dense",
        };
        return new(kind, file.ParentLayers, dropped, File.Exists(plan) ? PlanFile.Load(plan).Origin.Method : null);
    }
}
