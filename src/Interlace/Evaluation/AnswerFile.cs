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

/// <summary>The answers of a benchmark as they come: lines are only ever added. A line that an interruption cut off is dropped when the file is taken up again.</summary>
public sealed class AnswerFile : IDisposable
{
    private readonly FileStream _file;

    private AnswerFile(FileStream file, IReadOnlyList<Answer> answers) => (_file, Answers) = (file, answers);

    /// <summary>The answers that were there when the file was opened.</summary>
    public IReadOnlyList<Answer> Answers { get; }

    /// <summary>Opens a file to add to, with what it holds.</summary>
    public static AnswerFile Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var answers = new List<Answer>();
        int kept = 0;
        for (int end; (end = Array.IndexOf(bytes, (byte)'\n', kept)) >= 0; kept = end + 1)
        {
            try { answers.Add(JsonSerializer.Deserialize(bytes.AsSpan(kept, end - kept), AnswerJson.Readable.Answer)!); }
            catch (JsonException) { break; }
        }
        file.SetLength(kept);
        file.Position = kept;
        return new(file, answers);
    }

    /// <summary>Adds an answer.</summary>
    public void Add(Answer answer)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(answer, AnswerJson.Readable.Answer), (byte)'\n']);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Answer))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    public static AnswerJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });
}
