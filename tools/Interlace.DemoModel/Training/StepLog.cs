using System.Text.Json.Serialization;
using Interlace.Artefacts;

namespace Interlace.DemoModel.Training;

/// <summary>One line of a training's log.</summary>
/// <param name="Step">0-based.</param>
/// <param name="Loss">Mean cross-entropy of the answers' tokens, or divergence of the visual tokens' words while the vision tower learns.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="GradNorm">Before clipping.</param>
/// <param name="AnswerTokens">Tokens the loss was taken on.</param>
/// <param name="ScenesPerSecond">Speed of the step, drawing included.</param>
/// <param name="Named">By family of scenes, the share of the tokens on things that name them rightly, while the vision tower learns alone.</param>
internal sealed record StepRow(int Step, double Loss, double Rate, double GradNorm, long AnswerTokens, double ScenesPerSecond,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SortedDictionary<string, double>? Named = null);

/// <summary>A log of JSON lines.</summary>
internal static class StepLog
{
    private static readonly JsonLines<StepRow> Lines = new("steps of a training", ascii: true);

    public static void Append(string path, StepRow row) => Lines.Append(path, row);

    /// <summary>The rows; a line that an interruption cut off is left out.</summary>
    public static IReadOnlyList<StepRow> Read(string path) => Lines.Read(path);

    /// <summary>Keeps the rows before a step: those behind it are written again.</summary>
    public static void KeepBefore(string path, int step)
    {
        if (File.Exists(path)) Lines.Save(path, Read(path).Where(row => row.Step < step));
    }
}
