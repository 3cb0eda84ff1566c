using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Vlm;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>What a model makes of a row: a line of the artefact <c>texts/NAME.jsonl</c> or <c>choices/NAME.jsonl</c>.</summary>
/// <param name="Row">0-based row of the file.</param>
/// <param name="LogLikelihoods">
/// Sums of log p over the predicted tokens, in nats: one of a text, one of each choice in the order of the choices.
/// </param>
/// <param name="Tokens">How many tokens each sum is over.</param>
/// <param name="Answer">0-based place of the right choice; null of a text.</param>
public sealed record RowLikelihood(int Row, double[] LogLikelihoods, int[] Tokens,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Answer = null)
{
    private static readonly JsonLines<RowLikelihood> Lines = new("likelihoods");

    /// <summary>The choice with the highest mean log p of its tokens; the first of several.</summary>
    [JsonIgnore]
    public int Choice => First(i => LogLikelihoods[i] / Tokens[i]);

    /// <summary>The choice with the highest sum of log p, which short choices win more often; the first of several.</summary>
    [JsonIgnore]
    public int ChoiceBySum => First(i => LogLikelihoods[i]);

    private int First(Func<int, double> of) => Enumerable.Range(0, LogLikelihoods.Length).MaxBy(of);

    /// <summary>Opens a file to add to, with what it holds.</summary>
    /// <exception cref="InputException">A line is damaged.</exception>
    internal static JsonLinesWriter<RowLikelihood> Open(string path)
    {
        var file = Lines.Open(path);
        try
        {
            Check(file.Found, path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Rows as one rank tells them another: lines.</summary>
    internal static byte[] ToBytes(IEnumerable<RowLikelihood> rows) =>
        [.. rows.SelectMany(row => (byte[])[.. Lines.ToBytes(row), (byte)'\n'])];

    /// <summary>What <see cref="ToBytes"/> wrote.</summary>
    internal static List<RowLikelihood> Of(ReadOnlySpan<byte> bytes)
    {
        List<RowLikelihood> rows = [];
        for (int end; (end = bytes.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..]) rows.Add(Lines.Of(bytes[..end]));
        return rows;
    }

    /// <summary>The rows of a file.</summary>
    /// <exception cref="InputException">It is absent, or a line is damaged.</exception>
    internal static IReadOnlyList<RowLikelihood> Read(string path)
    {
        var found = Lines.Read(path);
        if (found.Count == 0) throw new InputException($"There is no {path}, or nothing in it: evaluate the model again.");
        Check(found, path);
        return found;
    }

    /// <summary>The lines were written by us, and may have been edited since.</summary>
    private static void Check(IReadOnlyList<RowLikelihood> rows, string path)
    {
        int last = -1;
        foreach (var (i, row) in rows.Index())
        {
            bool fits = row.Row > last && row.LogLikelihoods.Length > 0 && row.LogLikelihoods.Length == row.Tokens.Length
                && row.LogLikelihoods.All(sum => double.IsFinite(sum) && sum <= 0) && row.Tokens.All(tokens => tokens > 0)
                && (row.Answer is not { } answer ? row.Tokens.Length == 1 : answer >= 0 && answer < row.Tokens.Length);
            if (!fits)
            {
                throw new InputException($"Line {i + 1} of {path} is damaged: "
                    + "put the file back as it was, or evaluate again with --force.");
            }
            last = row.Row;
        }
    }
}
