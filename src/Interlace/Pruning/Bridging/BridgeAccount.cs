using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Data;

namespace Interlace.Pruning.Bridging;

/// <summary>The part of a model folder's record that says how its dropped layers were bridged.</summary>
/// <param name="Settings">What decides the bridges besides model, plan and data.</param>
/// <param name="Data">The data; null where the plan left nothing to bridge.</param>
/// <param name="Samples">Samples over which the errors were made least.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Skipped">Drawn samples that were left out, by reason.</param>
/// <param name="Layers">The bridges, in the order of the layers.</param>
public sealed record BridgeAccount(BridgeSettings Settings, DataIdentity? Data, int Samples, long Tokens,
    IReadOnlyDictionary<string, long> Skipped, IReadOnlyList<BridgedLayer> Layers)
{
    /// <summary>The account as it stands in the record.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ArtefactJson.Readable<BridgeAccount>());

    /// <summary>Refuses what cannot be.</summary>
    /// <param name="parentLayers">Layers of the model that was pruned.</param>
    /// <exception cref="JsonException">A number is impossible.</exception>
    internal void Check(int parentLayers)
    {
        Counts.Check(Samples, "samples");
        Counts.Check(Tokens, "tokens");
        Counts.Check(Skipped, "skipped samples");
        Counts.CheckLayers([.. Layers.Select(layer => layer.Layer)], "bridged layers", parentLayers);
        Counts.CheckNumbers([Settings.Ridge], "ridge", least: 0);
        Counts.CheckNumbers([.. Layers.SelectMany(layer => new[] { layer.ErrorBefore, layer.ErrorAfter })], "errors", least: 0);
        foreach (var layer in Layers) Counts.CheckLayers(layer.Dropped, "dropped layers", parentLayers);
    }
}
