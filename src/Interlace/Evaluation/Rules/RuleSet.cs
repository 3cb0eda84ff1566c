using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Rules;

/// <summary>The two published versions of the rules; they differ in multiple choice only (evaluation rule 1.3).</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RuleSet>))]
public enum RuleSet
{
    /// <summary>The rules of the paper's time (VLMEvalKit, November 2025).</summary>
    [JsonStringEnumMemberName("2025-11")] November2025,

    /// <summary>As before, and "answer is X" gives the letter even without a word boundary (VLMEvalKit, August 2026).</summary>
    [JsonStringEnumMemberName("2026-08")] August2026,
}
