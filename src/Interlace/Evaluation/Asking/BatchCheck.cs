using Interlace.Evaluation.Tables;
using Interlace.Experiments;

namespace Interlace.Evaluation.Asking;

/// <summary>
/// What batching changed: answers that were asked for once more, one at a time, and how many of them were another text.
/// In fp32 on a CPU a text never depends on what else is in its batch;
/// elsewhere a batch may choose kernels that round otherwise, and where two tokens are all but equally likely the text then differs.
/// </summary>
/// <param name="Checked">Answers asked for once more.</param>
/// <param name="Differing">Those whose text differs.</param>
public sealed record BatchCheck(int Checked, int Differing)
{
    /// <summary>Longer answers are compared up to this many tokens.</summary>
    internal const int Tokens = 256;

    /// <summary>Whether texts may depend on the batch at all.</summary>
    internal static bool IsNeeded(AnswerSettings settings, EvaluationOptions options) =>
        options.Slots > 1 && settings is not { Device: "cpu", Dtype: "fp32" };

    /// <summary>The rows to ask once more: those whose seeds are the smallest,
    /// so that every benchmark has its part and another run of the same seed the same.</summary>
    internal static IEnumerable<(string Benchmark, BenchmarkRow Row)> Rows(IEnumerable<(string Benchmark, BenchmarkRow Row)> answered,
        int count, int seed) =>
        answered.OrderBy(row => AskingSettings.SeedOf(seed, row.Benchmark, row.Row.Index))
            .ThenBy(row => row.Benchmark, StringComparer.Ordinal).ThenBy(row => row.Row.Index, StringComparer.Ordinal).Take(count);

    /// <summary>The check of an evaluation's folder; null where nothing was asked once more.</summary>
    internal static BatchCheck? Of(string folder, IEnumerable<string> benchmarks)
    {
        BatchCheck sum = new(0, 0);
        foreach (string benchmark in benchmarks)
        {
            var answers = EvaluationFolder.ReadAnswers(folder, benchmark);
            foreach (var (index, alone) in AnswerFile.Read(EvaluationFolder.Alone(folder, benchmark)))
                if (answers.TryGetValue(index, out var batched))
                    sum = new(sum.Checked + 1, sum.Differing + (IsSameText(batched, alone) ? 0 : 1));
        }
        return sum.Checked > 0 ? sum : null;
    }

    /// <summary>Whether an answer, and the same asked for alone, which may be cut off earlier, are one text as far as both go.</summary>
    internal static bool IsSameText(Answer batched, Answer alone) => alone.FinishReason == "length" && alone.Tokens < batched.Tokens
        // the cut may go through a character
        ? batched.Prediction.StartsWith(alone.Prediction.TrimEnd('\uFFFD'), StringComparison.Ordinal)
        : alone.Prediction == batched.Prediction;
}
