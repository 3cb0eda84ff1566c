using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm;

namespace Interlace.Artefacts;

/// <summary>The artefact <c>timings.json</c>: what the stages of a run folder have cost, those of earlier attempts included.</summary>
internal static class StageCosts
{
    /// <summary>What is written in a run folder; none where nothing is.</summary>
    /// <exception cref="InputException">It is wrong.</exception>
    public static StageCost[] Read(string folder)
    {
        string path = Path.Combine(folder, RunFolder.Timings);
        if (!File.Exists(path)) return [];
        return Artefact.Read(path, ArtefactJson.Readable<StageCost[]>(), "is no valid JSON of the times of stages", Check);
    }

    /// <summary>Writes them whole or not at all.</summary>
    public static void Save(string folder, IEnumerable<StageCost> costs) =>
        Artefact.Save(Path.Combine(folder, RunFolder.Timings), ToJson(costs));

    /// <summary>Names and seconds.</summary>
    public static JsonArray ToJson(IEnumerable<StageCost> costs) =>
        [.. costs.Select(stage => (JsonNode)new JsonObject { ["name"] = stage.Name, ["seconds"] = stage.Seconds })];

    private static void Check(StageCost[] costs)
    {
        if (costs.Any(cost => !(cost.Seconds >= 0 && double.IsFinite(cost.Seconds))))
            throw new JsonException("a time is no number of seconds");
    }
}
