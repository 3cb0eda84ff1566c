using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interlace.Evaluation;

/// <summary>One line of <c>predictions/NAME.jsonl</c>.</summary>
/// <param name="Index">The row's index in its table.</param>
/// <param name="PromptSha256">Hash of the token ids of the prompt.</param>
/// <param name="Prediction">The answer.</param>
/// <param name="PromptTokens">Tokens of the prompt, visual ones included.</param>
/// <param name="VisualTokens">Visual tokens of the prompt.</param>
/// <param name="Tokens">Generated tokens.</param>
/// <param name="FinishReason">stop or length.</param>
public sealed record Answer(string Index, string PromptSha256, string Prediction, int PromptTokens, int VisualTokens, int Tokens, string FinishReason);

/// <summary>The answers of a benchmark as they come.</summary>
public static class AnswerFile
{
    /// <summary>Opens a file to add to, with what it holds.</summary>
    public static JsonLines<Answer> Open(string path) => JsonLines<Answer>.Open(path, AnswerJson.Readable.Answer);

    /// <summary>The answers of a file by index, none where it is absent.</summary>
    public static IReadOnlyDictionary<string, Answer> Read(string path) => ByIndex(JsonLines<Answer>.Read(path, AnswerJson.Readable.Answer));

    internal static Dictionary<string, Answer> ByIndex(IEnumerable<Answer> answers)
    {
        Dictionary<string, Answer> byIndex = new(StringComparer.Ordinal);
        foreach (var answer in answers) byIndex[answer.Index] = answer;
        return byIndex;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Answer))]
[JsonSerializable(typeof(AnswerSeconds))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    public static AnswerJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });
}
