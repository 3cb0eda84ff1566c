using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Artefacts;

namespace Interlace.Evaluation.Comparing;

/// <summary>How runs stand to a baseline: what <see cref="RunComparison"/> finds. Numbers are percentages, unrounded.</summary>
/// <param name="Baseline">The run that the others are measured by.</param>
/// <param name="Runs">The others.</param>
/// <param name="LeftOut">Benchmarks that are not in every run, each with the reason.</param>
/// <param name="Differences">Why the runs are not comparable, where the comparison was forced; empty otherwise.</param>
public sealed record Comparison(string Format, string CreatedBy, int Seed, ComparedRun Baseline, ComparedRun[] Runs, string[] LeftOut,
    string[] Differences)
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-comparison/1";

    /// <summary>The comparison as JSON.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable<Comparison>())!;
}
