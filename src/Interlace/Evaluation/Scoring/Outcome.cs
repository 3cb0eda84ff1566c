using System.Text.Json.Serialization;
using Interlace.Evaluation.Rules;

namespace Interlace.Evaluation.Scoring;

/// <summary>How one question of a benchmark came out.</summary>
internal sealed record Outcome(string Benchmark, string Key,
    [property: JsonConverter(typeof(JsonStringEnumConverter<HeadlineRule>))] HeadlineRule Rule, double[] Sums);
