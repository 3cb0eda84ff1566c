using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Tables;

/// <summary>What a question is followed by in the prompt.</summary>
[JsonConverter(typeof(EnumName<PromptKind>))]
public enum PromptKind
{
    /// <summary>Hint, question, lettered options and the request to select one.</summary>
    [JsonStringEnumMemberName("choice")] Choice,

    /// <summary>The question and the request for a single word or phrase.</summary>
    [JsonStringEnumMemberName("short-answer")] ShortAnswer,

    /// <summary>The question alone.</summary>
    [JsonStringEnumMemberName("question")] Question,
}
