using Interlace.Data;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Images;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// Which answers a judge is asked about, and how often (evaluation rule 9):
/// multiple choice and yes or no only where nothing could be extracted, instructions always, other kinds never.
/// </summary>
public static class Judging
{
    private const int ChoiceCalls = 3;
    private static readonly double[] YesNoTemperatures = [0, 0.5, 1, 1.5, 2];

    /// <summary>Whether a judge would be asked about an answer.</summary>
    public static bool Needs(BenchmarkKind kind, Prediction prediction, RuleSet rules) => prediction.JudgeReply is null && kind switch
    {
        BenchmarkKind.Choice or BenchmarkKind.Circular or BenchmarkKind.Cycle =>
            MultipleChoice.Extract(prediction.Text, prediction.Row.Options, rules) is null,
        BenchmarkKind.YesNo => YesNo.Extract(prediction.Text) == YesNo.Unknown,
        BenchmarkKind.Judged => true,
        _ => false,
    };

    /// <summary>The answers with the judge's replies.</summary>
    /// <param name="kind">The kind of their benchmark.</param>
    /// <param name="table">Its table, from which the judge of an instruction sees the image.</param>
    /// <param name="predictions">The answers.</param>
    /// <param name="rules">The version of the extraction rules, for replies as for answers.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="calls">Calls in flight at once.</param>
    /// <param name="judged">Called after each question.</param>
    /// <param name="cancellation">Ends early; what was replied is kept.</param>
    /// <returns>The answers, without those whose images cannot be shown to a judge, and why those are left out.</returns>
    /// <exception cref="JudgeUnavailableException">The judge did not pass its trial.</exception>
    public static async Task<(IReadOnlyList<Prediction> Predictions, SkipCounts LeftOut)> Apply(BenchmarkKind kind, BenchmarkTable? table,
        IReadOnlyList<Prediction> predictions, RuleSet rules, IJudge judge, int calls, Action judged, CancellationToken cancellation)
    {
        Prediction?[] result = [.. predictions];
        SkipCounts leftOut = [];
        int[] open = [.. Enumerable.Range(0, result.Length).Where(i => Needs(kind, result[i]!, rules))];
        await Parallel.ForEachAsync(open, new ParallelOptions { MaxDegreeOfParallelism = calls, CancellationToken = cancellation },
            async (i, token) =>
        {
            try
            {
                result[i] = await Judged(kind, table, result[i]!, rules, judge, token).ConfigureAwait(false);
            }
            catch (SampleException e)
            {
                result[i] = null;
                lock (leftOut) leftOut.Add(e.Reason);
            }
            judged();
        }).ConfigureAwait(false);
        return ([.. result.OfType<Prediction>()], leftOut);
    }

    private static async Task<Prediction> Judged(BenchmarkKind kind, BenchmarkTable? table, Prediction prediction, RuleSet rules,
        IJudge judge, CancellationToken cancellation)
    {
        var row = prediction.Row;
        string? reply;
        switch (kind)
        {
            case BenchmarkKind.Judged:
                if (Instruction(prediction) is not { } instruction) return prediction with { JudgeFailed = true };
                reply = (await judge.Ask(new(instruction, Images(table, row)), cancellation).ConfigureAwait(false)).Text;
                break;
            case BenchmarkKind.YesNo:
                reply = await FirstReadable(judge, JudgePrompts.YesNo(row.Question, prediction.Text), YesNoTemperatures,
                    text => YesNo.Extract(text) != YesNo.Unknown, cancellation).ConfigureAwait(false);
                break;
            default:
                reply = await FirstReadable(judge, JudgePrompts.MultipleChoice(row.Question, row.Options, prediction.Text),
                    new double[ChoiceCalls],
                    text => MultipleChoice.Extract(text, row.Options, rules) is not null, cancellation).ConfigureAwait(false);
                break;
        }
        return prediction with { JudgeReply = reply, JudgeFailed = reply is null };
    }

    /// <summary>The first reply that can be read; else the last there was, or null where there was none.</summary>
    private static async Task<string?> FirstReadable(IJudge judge, string prompt, double[] temperatures, Func<string, bool> isReadable,
        CancellationToken cancellation)
    {
        string? last = null;
        for (int attempt = 0; attempt < temperatures.Length; attempt++)
        {
            var reply = await judge.Ask(new(prompt, [], attempt, temperatures[attempt]), cancellation).ConfigureAwait(false);
            last = reply.Text ?? last;
            if (reply.Text is { } text && isReadable(text)) break;
        }
        return last;
    }

    /// <summary>The images of a row, which leave this machine: each must be one, whatever the table says that it is.</summary>
    private static IReadOnlyList<byte[]> Images(BenchmarkTable? table, BenchmarkRow row)
    {
        var images = table?.Images(row) ?? [];
        foreach (byte[] image in images)
            SampleLoader.As(SkipReason.UndecodableImage,
                () => ImageDecoder.Decode(image, $"The image of row {row.Index}", ImageDecoding.Plain));
        return images;
    }

    /// <summary>Null where the row's components cannot be read: one such row is no reason to leave the others ungraded.</summary>
    private static string? Instruction(Prediction prediction)
    {
        try
        {
            return JudgePrompts.Instruction(prediction.Row, prediction.Text);
        }
        catch (InputException)
        {
            return null;
        }
    }
}
