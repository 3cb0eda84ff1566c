using System.Text.Json;
using System.Text.Json.Serialization;
using Interlace.Artefacts;

namespace Interlace.Training;

/// <summary>One line of <c>train.jsonl</c>: an optimiser step.</summary>
/// <param name="Step">0-based.</param>
/// <param name="Epoch">0-based.</param>
/// <param name="Loss">Cross-entropy of the step's answer tokens, in the normalisation of the settings.</param>
/// <param name="LearningRate">Rate of this step.</param>
/// <param name="GradNorm">Norm of all gradients together before clipping.</param>
/// <param name="Samples">Samples of the step.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="AnswerTokens">Those the loss was taken on.</param>
/// <param name="SamplesPerSecond">Speed of this step, data included.</param>
/// <param name="MemoryBytes">Memory of the process.</param>
/// <param name="ValidationLoss">Mean cross-entropy of the held-back samples after this step, where it was measured.</param>
public sealed record TrainingLogRow(int Step, int Epoch, double Loss, double LearningRate, double GradNorm, int Samples, long Tokens, long AnswerTokens,
    double SamplesPerSecond, long MemoryBytes, double? ValidationLoss = null);

/// <summary>The log <c>train.jsonl</c>. It holds times, so its bytes differ from run to run; the other artefacts' do not.</summary>
public static class TrainingLog
{
    /// <summary>The log's usual name.</summary>
    public const string Name = Pruning.PrunedModelFile.TrainingLogName;

    /// <summary>Adds a row.</summary>
    public static void Append(string path, TrainingLogRow row) => File.AppendAllText(path, JsonSerializer.Serialize(row, LogJson.Default.TrainingLogRow) + "\n");

    /// <summary>The rows of a log; a last line that an interruption cut off is left out.</summary>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static IReadOnlyList<TrainingLogRow> Read(string path) =>
        JsonLines<TrainingLogRow>.Read(path, LogJson.Default.TrainingLogRow, "steps of a training");

    /// <summary>Keeps the rows before a step: what a resumed run will write again goes.</summary>
    public static void Truncate(string path, int step)
    {
        if (!File.Exists(path)) return;
        string kept = string.Concat(Read(path).Where(row => row.Step < step).Select(row => JsonSerializer.Serialize(row, LogJson.Default.TrainingLogRow) + "\n"));
        AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(kept));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TrainingLogRow))]
internal sealed partial class LogJson : JsonSerializerContext;
