using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation;

/// <summary>The scoring and prompt cases made with the published programs, enumerated by type from the folder.</summary>
internal static class Cases
{
    private static readonly Lazy<IReadOnlyList<JsonObject>> Loaded = new(() =>
        [.. Directory.EnumerateFiles(Shared.At("eval-cases"), "*.json").Order(StringComparer.Ordinal)
            .Select(file => JsonNode.Parse(File.ReadAllText(file))).OfType<JsonArray>().SelectMany(array => array).Cast<JsonObject>()]);

    public static IReadOnlyList<JsonObject> All => Directory.Exists(Shared.At("eval-cases")) ? Loaded.Value : [];

    public static TheoryData<string> Ids(params string[] types) => [.. All.Where(c => types.Contains((string)c["type"]!)).Select(c => (string)c["id"]!)];

    public static JsonObject Case(string id) => All.Single(c => (string?)c["id"] == id);

    public static string? Text(this JsonNode? node, string member) => (string?)node![member];

    /// <summary>The expectation under a rule set; files with one expectation hold for both.</summary>
    public static JsonNode Expected(this JsonObject c, RuleSet rules) => (rules == RuleSet.August2026 ? c["expected_head"] : null) ?? c["expected"]!;

    /// <summary>A row from JSON cells.</summary>
    public static BenchmarkRow Row(JsonObject cells) => RecordedPredictions.RowOf(JsonSerializer.SerializeToElement(cells));
}
