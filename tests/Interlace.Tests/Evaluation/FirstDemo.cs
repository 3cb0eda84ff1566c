using System.Text.Json.Nodes;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Evaluation;

/// <summary>The first version of the demo's model and its tables, which the reference implementation was run on; the model in the repository has the same architecture in other sizes.</summary>
internal static class FirstDemo
{
    private static readonly (string Table, string Kind)[] Kinds =
        [("TinyBench", "circular"), ("TinyStar", "choice"), ("TinyPOPE", "yes-no"), ("TinyOCR", "contains"), ("TinyChart", "relaxed"),
            ("TinyVQA", "vqa")];

    /// <summary>The models whose answers are recorded: "dense", and what became of it under one of the plans.</summary>
    public static IEnumerable<string> Runs =>
        !File.Exists(Shared.At("demo", "reference-predictions.json")) || !File.Exists(Shared.At("demo", "reference.json")) ? [] :
        Answers.AsObject().Select(run => run.Key)
            .Where(run => Reference[run] is not null || Plans.Any(plan => plan.Value![run] is not null));

    /// <summary>The recorded answers by model, table and question.</summary>
    public static JsonNode Answers => Shared.Json("demo", "reference-predictions.json");

    public static JsonNode Reference => Shared.Json("demo", "reference.json");

    /// <summary>Name, dropped and tuned layers, and results of every plan, by name.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Plans =>
        Reference.AsObject().Where(entry => (entry.Value as JsonObject)?["drop"] is not null);

    /// <summary>The recorded scores of a model, and its plan where it has one.</summary>
    public static (JsonNode Scores, JsonNode? Plan) Recorded(string run)
    {
        if (Reference[run] is { } scores) return (scores, null);
        JsonNode plan = Plans.First(plan => plan.Value![run] is not null).Value!;
        return (plan[run]!, plan);
    }

    /// <summary>Its tables with a file of their rows, as links in a folder.</summary>
    public static string Tables(ScratchFolder scratch)
    {
        string folder = scratch.At("first-demo-tables");
        Directory.CreateDirectory(folder);
        foreach (string table in Directory.EnumerateFiles(Shared.Require("demo", "benchmarks"), "*.tsv")) File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(table)), table);
        var rows = Kinds.Where(row => File.Exists(Path.Combine(folder, row.Table + ".tsv")))
            .Select(row => new JsonObject { ["name"] = row.Table, ["file"] = row.Table + ".tsv", ["kind"] = row.Kind,
            ["headline_split"] = row.Kind == "circular" ? "dev" : null });
        File.WriteAllText(Path.Combine(folder, Benchmarks.RowsFile),
            new JsonObject { ["benchmarks"] = new JsonArray([.. rows]) }.ToJsonString());
        return folder;
    }
}
