using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Tables;

/// <summary>How the answers of a benchmark are judged; each kind has one scorer.</summary>
[JsonConverter(typeof(EnumName<BenchmarkKind>))]
public enum BenchmarkKind
{
    /// <summary>Multiple choice, every row for itself (AI2D, RealWorldQA, VStar, ScienceQA).</summary>
    [JsonStringEnumMemberName("choice")] Choice,

    /// <summary>Multiple choice where a question counts only if every rotation of its options is answered right (MMBench).</summary>
    [JsonStringEnumMemberName("circular")] Circular,

    /// <summary>Multiple choice asked in several orders whose accuracies are averaged (HRBench).</summary>
    [JsonStringEnumMemberName("cycle")] Cycle,

    /// <summary>Yes or no, scored by F1 (POPE).</summary>
    [JsonStringEnumMemberName("yes-no")] YesNo,

    /// <summary>Short answers against ten human ones (TextVQA).</summary>
    [JsonStringEnumMemberName("vqa")] Vqa,

    /// <summary>Short answers, numbers within 5 % (ChartQA).</summary>
    [JsonStringEnumMemberName("relaxed")] Relaxed,

    /// <summary>Short answers by edit distance (DocVQA, InfoVQA).</summary>
    [JsonStringEnumMemberName("anls")] Anls,

    /// <summary>An answer must stand in the text (OCRBench).</summary>
    [JsonStringEnumMemberName("contains")] Contains,

    /// <summary>A judge grades every answer (MIA-Bench).</summary>
    [JsonStringEnumMemberName("judged")] Judged,
}
