using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Generation;

namespace Interlace.Evaluation.Asking;

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
    private const string What = "answers";

    /// <summary>Opens a file to add to, with what it holds.</summary>
    /// <exception cref="InputException">A line is damaged.</exception>
    public static JsonLines<Answer> Open(string path) => JsonLines<Answer>.Open(path, AnswerJson.Readable.Answer, What);

    /// <summary>The answers of a file by index, none where it is absent.</summary>
    /// <exception cref="InputException">A line is damaged, or a row was answered twice.</exception>
    public static IReadOnlyDictionary<string, Answer> Read(string path) =>
        ByIndex(JsonLines<Answer>.Read(path, AnswerJson.Readable.Answer, What), path);

    /// <summary>The answers by index.</summary>
    /// <exception cref="InputException">A row was answered twice.</exception>
    internal static Dictionary<string, Answer> ByIndex(IReadOnlyList<Answer> answers, string path)
    {
        Dictionary<string, Answer> byIndex = new(StringComparer.Ordinal);
        foreach (var (i, answer) in answers.Index())
            if (!byIndex.TryAdd(answer.Index, answer))
                throw new InputException($"Line {i + 1} of {path} answers row {answer.Index} a second time: two commands have written to it; delete the file and evaluate again.");
        return byIndex;
    }

    /// <summary>
    /// Brings the lines of a complete file into the order of the table's rows. Answers come in the order in which they end,
    /// which is another one after an interruption.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="rows">The rows that were asked.</param>
    internal static void Sort(string path, IReadOnlyList<BenchmarkRow> rows)
    {
        var found = JsonLines<Answer>.Read(path, AnswerJson.Readable.Answer, What);
        var byIndex = ByIndex(found, path);
        Answer[] sorted = [.. rows.DistinctBy(row => row.Index).Select(row => byIndex.GetValueOrDefault(row.Index)).OfType<Answer>()];
        if (!sorted.SequenceEqual(found))
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(sorted.Select(answer =>
                JsonSerializer.Serialize(answer, AnswerJson.Readable.Answer) + "\n"))));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Answer))]
[JsonSerializable(typeof(AnswerSeconds))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    public static AnswerJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });
}
