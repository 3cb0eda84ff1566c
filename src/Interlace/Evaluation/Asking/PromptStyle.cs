using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Asking;

/// <summary>Which of the two published sets of prompt texts is used.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PromptStyle>))]
public enum PromptStyle
{
    /// <summary>The plain prompts of the benchmarks, which the registered Qwen3-VL configurations use.</summary>
    [JsonStringEnumMemberName("dataset")] Dataset,

    /// <summary>The custom prompts of the Qwen3-VL model class, which no registered configuration uses.</summary>
    [JsonStringEnumMemberName("qwen3vl")] Custom,
}
