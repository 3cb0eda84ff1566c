using System.Text.Json.Nodes;
using Interlace.Evaluation.Scoring;
using Interlace.Evaluation.Tables;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Reporting;

/// <summary>
/// The numbers that the paper prints in its tables, to stand beside measured ones where model and setting are the paper's.
/// Null where it prints none.
/// </summary>
internal static class Published
{
    private static readonly JsonNode Tables = Load();

    /// <summary>Layers of the paper's models.</summary>
    private const int Layers = 36;

    /// <summary>The paper's name of a model's size, 8B or 4B; null where it is none of its two models.</summary>
    public static string? Size(string model, int? layers)
    {
        if (layers is not (null or Layers) || model.Contains("thinking", StringComparison.OrdinalIgnoreCase)) return null;
        return new[] { "8B", "4B" }.FirstOrDefault(size => model.Contains($"Qwen3-VL-{size}", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether answers were asked for as in the paper's tables of long answers, or of short ones:
    /// token limit and whole benchmarks.</summary>
    public static bool IsSetting(EvaluationSettings settings, bool cot) =>
        settings is { Limit: null, Overrides: null or { Count: 0 }, MaxPixels: null }
            && (settings.Protocol, settings.MaxNewTokens) == (cot ? ("cot", 16_384) : ("limited", 50));

    /// <summary>Table 1: relative performance of a benchmark, a group or <c>Overall</c>, with so many layers dropped.</summary>
    public static double? RelativePerformance(string? size, int dropped, string row) => ByRatio("table1", size, dropped, row);

    /// <summary>Table 4: how many times faster the first token is.</summary>
    public static double? SpeedUp(string? size, int dropped, string row) => ByRatio("table4", size, dropped, row);

    /// <summary>Table 2: a method's mean score of a group, <c>Avg</c> or <c>RP</c>.</summary>
    public static double? Competitor(string method, string column) =>
        Array.IndexOf([.. Benchmarks.Groups, "Avg", "RP"], column) is >= 0 and int place
            ? (double?)Tables["table2"]![method]?[place]
            : null;

    /// <summary>Table 3: an ablation's performance relative to Interlace, of a group or <c>Avg</c>.</summary>
    public static double? Ablation(string method, string column) =>
        Array.IndexOf([.. Benchmarks.Groups, "Avg"], column) is >= 0 and int place ? (double?)Tables["table3"]![method]?[place] : null;

    /// <summary>Table 5: the score of a method on a benchmark, or its <c>Average</c>.</summary>
    public static double? AblationScore(string method, string row) => ByColumn("table5", method, row);

    /// <summary>Table 6: the score of Dense or Dense-FT, with long or short answers, on a benchmark, or its <c>Average</c>.</summary>
    public static double? DenseScore(bool cot, string method, string row) => ByColumn("table6", $"{(cot ? "CoT" : "noCoT")} {method}", row);

    private static double? ByRatio(string table, string? size, int dropped, string row)
    {
        // The paper's ratios of 36 layers, rounded down to whole layers.
        string? ratio = dropped switch { 3 => "10", 5 => "15", 7 => "20", 9 => "25", _ => null };
        int column = Array.IndexOf([.. Tables["columns"]!.AsArray().Select(name => (string)name!)], $"{size}-{ratio}");
        return column < 0 ? null : (double?)Tables[table]![row]?[column];
    }

    private static double? ByColumn(string table, string column, string row) =>
        Array.IndexOf([.. Tables[table]!["columns"]!.AsArray().Select(name => (string)name!)], column) is >= 0 and int place
            ? (double?)Tables[table]!["rows"]![row]?[place]
            : null;

    private static JsonNode Load()
    {
        using Stream file = typeof(Published).Assembly.GetManifestResourceStream("Published.json")!;
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return StrictJson.Parse(bytes.ToArray())!;
    }
}
