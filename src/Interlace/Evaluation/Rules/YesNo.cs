using Interlace.Evaluation.Python;
using Interlace.Evaluation.Tables;

namespace Interlace.Evaluation.Rules;

/// <summary>Yes-or-no questions, scored by F1 over yes (POPE; evaluation rule 10.2).</summary>
public static class YesNo
{
    /// <summary>What <see cref="Extract"/> gives where an answer says neither or both.</summary>
    public const string Unknown = "Unknown";

    /// <summary><c>Yes</c>, <c>No</c> or <see cref="Unknown"/>:
    /// whether one of the two words, and not the other, is a word of the answer.</summary>
    public static string Extract(string prediction)
    {
        IReadOnlyList<string> words = PythonText.Split(Punctuation.Strip(PythonText.Lower(prediction)));
        return (words.Contains("yes"), words.Contains("no")) switch
        {
            (true, false) => "Yes",
            (false, true) => "No",
            _ => Unknown,
        };
    }

    /// <summary>
    /// F1 of yes in percent over rows counted once per category of their comma list.
    /// Unknown counts as no for F1 and as wrong for the accuracy.
    /// Sub-scores: <c>Overall</c>, <c>acc</c>, <c>precision</c>, <c>recall</c>,
    /// then for each category its F1 under its name and the others under <c>category/acc</c> and so on.
    /// </summary>
    public static Score Score(IReadOnlyList<Prediction> predictions)
    {
        Answer[] answers = [.. predictions.Select(Answer.Of)];
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        double[] all = Sum(answers.SelectMany(answer => answer.Categories.Select(_ => answer)));
        if (answers.Length > 0) Add(scores, "Overall", "", all);
        foreach (string category in answers.SelectMany(answer => answer.Categories).OfType<string>().Distinct()
            .Order(StringComparer.Ordinal))
            Add(scores, category, category + "/",
                Sum(answers.SelectMany(answer => answer.Categories.Where(c => c == category).Select(_ => answer))));
        double[] best = Sum(answers.SelectMany(a => a.Categories.Select(_ => a.Extracted == Unknown
            ? a with { Extracted = a.Truth ? "Yes" : "No" } : a)));
        return new()
        {
            Percent = answers.Length > 0 ? scores["Overall"] : null,
            SubScores = scores,
            ExtractionFailureRate = answers.Length == 0 ? null : (double)answers.Count(answer => answer.ExtractionFailed) / answers.Length,
            PercentIfFailuresWereRight = answers.Length == 0 ? null : Rules.Score.Headline(HeadlineRule.F1, best.AsSpan(0, 3)),
            JudgeFailures = answers.Count(answer => answer.JudgeFailed),
            Rows = [.. answers.Select(answer => new RowScore(answer.Row.Index, answer.Hit ? 1 : 0, answer.Extracted == Unknown
            ? null : answer.Extracted, answer.ExtractionFailed))],
            Rule = HeadlineRule.F1,
            Units = [.. answers.Select(answer => new SamplingUnit(answer.Row.Index, Sum(answer.Categories.Select(_ => answer))[..3]))],
        };
    }

    private static void Add(OrderedDictionary<string, double> scores, string name, string prefix, double[] sums)
    {
        (double tp, double fp, double fn, double hits, double count) = (sums[0], sums[1], sums[2], sums[3], sums[4]);
        scores.TryAdd(name, 100 * Rules.Score.F1(tp, fp, fn));
        scores.TryAdd(prefix + "acc", 100 * Rules.Score.Ratio(hits, count));
        scores.TryAdd(prefix + "precision", 100 * Rules.Score.Ratio(tp, tp + fp));
        scores.TryAdd(prefix + "recall", 100 * Rules.Score.Ratio(tp, tp + fn));
    }

    /// <summary>True positives, false positives, false negatives, right answers, answers.</summary>
    private static double[] Sum(IEnumerable<Answer> answers)
    {
        double[] sums = new double[5];
        foreach (Answer answer in answers)
        {
            bool yes = answer.Extracted == "Yes";
            if (answer.Truth && yes) sums[0]++;
            if (!answer.Truth && yes) sums[1]++;
            if (answer.Truth && !yes) sums[2]++;
            if (answer.Hit) sums[3]++;
            sums[4]++;
        }
        return sums;
    }

    private sealed record Answer(BenchmarkRow Row, string Extracted, bool ExtractionFailed, bool JudgeFailed)
    {
        public bool Truth => Row.Answer == "Yes";

        public bool Hit => Extracted == Row.Answer;

        /// <summary>The categories the row counts in, untrimmed; a row without any counts once.</summary>
        public string?[] Categories { get; } = Row.Category is { } list ? list.Split(',') : new string?[1];

        public static Answer Of(Prediction prediction)
        {
            string extracted = Extract(prediction.Text);
            if (extracted != Unknown || prediction.JudgeReply is not { } reply)
                return new(prediction.Row, extracted, extracted == Unknown, extracted == Unknown && prediction.JudgeFailed);
            extracted = Extract(reply);
            return new(prediction.Row, extracted, ExtractionFailed: true, JudgeFailed: extracted == Unknown);
        }
    }
}
