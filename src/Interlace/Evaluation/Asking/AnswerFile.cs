using Interlace.Artefacts;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;

namespace Interlace.Evaluation.Asking;

/// <summary>The answers of a benchmark as they come.</summary>
public static class AnswerFile
{
    private static readonly JsonLines<Answer> Lines = new("answers");

    /// <summary>Opens a file to add to, with what it holds.</summary>
    /// <exception cref="InputException">A line is damaged.</exception>
    public static JsonLinesWriter<Answer> Open(string path) => Lines.Open(path);

    /// <summary>The answers of a file by index, none where it is absent.</summary>
    /// <exception cref="InputException">A line is damaged, or a row was answered twice.</exception>
    public static IReadOnlyDictionary<string, Answer> Read(string path) => ByIndex(Lines.Read(path), path);

    /// <summary>An answer and its time, as one rank tells them another.</summary>
    internal static byte[] ToBytes(Answer answer, AnswerSeconds seconds) =>
        [.. Lines.ToBytes(answer), (byte)'\n', .. AnswerSeconds.Lines.ToBytes(seconds)];

    /// <summary>What <see cref="ToBytes"/> wrote.</summary>
    internal static (Answer Answer, AnswerSeconds Seconds) Of(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        return (Lines.Of(bytes[..end]), AnswerSeconds.Lines.Of(bytes[(end + 1)..]));
    }

    /// <summary>The answers by index.</summary>
    /// <exception cref="InputException">A row was answered twice.</exception>
    internal static Dictionary<string, Answer> ByIndex(IReadOnlyList<Answer> answers, string path)
    {
        Dictionary<string, Answer> byIndex = new(StringComparer.Ordinal);
        foreach (var (i, answer) in answers.Index())
            if (!byIndex.TryAdd(answer.Index, answer))
            {
                throw new InputException($"Line {i + 1} of {path} answers row {answer.Index} a second time: "
                    + "two commands have written to it; delete the file and evaluate again.");
            }
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
        var found = Lines.Read(path);
        var byIndex = ByIndex(found, path);
        Answer[] sorted = [.. rows.DistinctBy(row => row.Index).Select(row => byIndex.GetValueOrDefault(row.Index)).OfType<Answer>()];
        if (!sorted.SequenceEqual(found)) Lines.Save(path, sorted);
    }
}
