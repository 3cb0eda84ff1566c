using Interlace.Artefacts;

namespace Interlace.Evaluation.Asking;

/// <summary>
/// One line of <c>times/NAME.jsonl</c>: where the time of an answer went, in seconds.
/// Answers are made together, so the model's time is shared out: over all answers
/// <paramref name="Prefill"/> and <paramref name="Decoding"/> add up to the time that the model was at work.
/// </summary>
/// <param name="Index">The row's index in its table.</param>
/// <param name="Image">From the row of the table to tokens and resized pixels, on one of the workers beside the model.</param>
/// <param name="Prefill">Its share, by prompt tokens, of the pass that read its prompt and chose its first token;
/// vision encoder included.</param>
/// <param name="Decoding">Its share of every step that it took part in: the step's time by the answers in flight.</param>
/// <param name="Tokens">Generated tokens.</param>
public sealed record AnswerSeconds(string Index, double Image, double Prefill, double Decoding, int Tokens)
{
    internal static readonly JsonLines<AnswerSeconds> Lines = new("the times of answers");

    /// <summary>Opens the file of a benchmark to add to: one line for each of the rows that are answered, and none for others.</summary>
    /// <param name="path">The file.</param>
    /// <param name="answered">Indices of the rows that have an answer.</param>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static JsonLinesWriter<AnswerSeconds> Open(string path, IReadOnlyCollection<string> answered)
    {
        var found = Read(path);
        AnswerSeconds[] kept = [.. found.Where(line => answered.Contains(line.Index)).DistinctBy(line => line.Index)];
        // A time is written before its answer, which an interruption may have prevented.
        if (kept.Length < found.Count) Lines.Save(path, kept);
        return Lines.Open(path);
    }

    /// <summary>The lines of a file, none where it is absent.</summary>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static IReadOnlyList<AnswerSeconds> Read(string path) => Lines.Read(path);
}
