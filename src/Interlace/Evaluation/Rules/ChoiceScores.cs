using System.Globalization;
using Interlace.Evaluation.Tables;
using Interlace.Vlm;
using Interlace.Vlm.Text;

namespace Interlace.Evaluation.Rules;

/// <summary>Scores multiple-choice benchmarks: row by row, by cycles of the options (HRBench),
/// or by whole groups of rotations (MMBench) (evaluation rule 8).</summary>
public static class ChoiceScores
{
    private const long GroupModulus = 1_000_000;

    private static readonly Dictionary<string, string> ShortAbilities = new(StringComparer.Ordinal)
    {
        ["coarse_perception"] = "CP",
        ["finegrained_perception (instance-level)"] = "FP-S",
        ["finegrained_perception (cross-instance)"] = "FP-C",
        ["logic_reasoning"] = "LR",
        ["relation_reasoning"] = "RR",
        ["attribute_reasoning"] = "AR",
    };

    /// <summary>Mean over rows, and per ability (<c>l2-category</c>) and category.</summary>
    /// <param name="predictions">Answers, in any order.</param>
    /// <param name="rules">The version of the extraction rules.</param>
    /// <param name="headlineSplit">The only split the headline counts where the table has it; null counts all rows.</param>
    public static Score Vanilla(IReadOnlyList<Prediction> predictions, RuleSet rules = RuleSet.November2025, string? headlineSplit = null)
    {
        Choice[] choices = Choices(predictions, rules);
        return Means([.. choices.Select(c => new Unit(c.Row, c.Hit, c.Hit || c.Failed))], headlineSplit, [.. choices.Select(c => c.Score)],
            choices, []);
    }

    /// <summary>A question counts only if every one of its rotations is right:
    /// rows whose index is equal modulo 1,000,000, given by the row below 1,000,000.</summary>
    /// <inheritdoc cref="Vanilla"/>
    /// <exception cref="InputException">An index is no integer.</exception>
    public static Score Circular(IReadOnlyList<Prediction> predictions, RuleSet rules = RuleSet.November2025, string? headlineSplit = null)
    {
        Choice[] choices = Choices(predictions, rules);
        IGrouping<long, Choice>[] groups = [.. choices.GroupBy(choice => IndexOf(choice.Row) % GroupModulus)];
        List<Unit> units = [];
        foreach (IGrouping<long, Choice> group in groups)
            if (group.FirstOrDefault(choice => IndexOf(choice.Row) == group.Key) is { } original)
                units.Add(new(original.Row, group.All(choice => choice.Hit), group.All(choice => choice.Hit || choice.Failed)));
        Choice[] originals = [.. choices.Where(choice => IndexOf(choice.Row) < GroupModulus)];
        return Means(units, headlineSplit, [.. choices.Select(c => c.Score)], choices,
            [("plain_all_rows", Percent(choices, c => c.Hit)), ("plain_base_rows", Percent(originals, c => c.Hit))]);
    }

    /// <summary>Refuses rows that make no groups, before any is asked.</summary>
    /// <exception cref="InputException">An index is no integer, or no row is the first of its group.</exception>
    internal static void CheckGroups(IReadOnlyList<BenchmarkRow> rows)
    {
        if (!rows.Any(row => IndexOf(row) < GroupModulus))
        {
            throw new InputException($"None of {rows.Count} rows can belong to a circular benchmark: "
                + $"no index is below {GroupModulus}, which is where each group begins.");
        }
        foreach (BenchmarkRow row in rows) IndexOf(row);
    }

    /// <summary>Rows whose group lacks its first row.</summary>
    internal static int OutsideGroups(IReadOnlyList<BenchmarkRow> rows)
    {
        HashSet<long> first = [.. rows.Select(IndexOf).Where(index => index < GroupModulus)];
        return rows.Count(row => !first.Contains(IndexOf(row) % GroupModulus));
    }

    /// <summary>The plain mean over the cycles of each cycle's accuracy; a question need not be right in all of them.</summary>
    /// <inheritdoc cref="Vanilla"/>
    public static Score Cycles(IReadOnlyList<Prediction> predictions, RuleSet rules = RuleSet.November2025)
    {
        Choice[] choices = Choices(predictions, rules);
        string[] cycles = [.. choices.Select(CycleOf).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, double[]> units = new(StringComparer.Ordinal);
        Dictionary<string, int> asked = new(StringComparer.Ordinal);
        double[] sums = new double[2 * cycles.Length], best = new double[2 * cycles.Length];
        foreach (Choice choice in choices)
        {
            int cycle = Array.IndexOf(cycles, CycleOf(choice));
            // The n-th time a cycle asks a text it is the n-th question of that text.
            int occurrence = asked[$"{cycle}\n{choice.Row.Question}"] = asked.GetValueOrDefault($"{cycle}\n{choice.Row.Question}") + 1;
            string key = $"{choice.Row.Question}#{occurrence.ToString(CultureInfo.InvariantCulture)}";
            if (!units.TryGetValue(key, out double[]? unit)) units[key] = unit = new double[sums.Length];
            foreach (double[] target in (double[][])[unit, sums]) Add(target, cycle, choice.Hit);
            Add(best, cycle, choice.Hit || choice.Failed);
        }
        return new()
        {
            Percent = Score.Headline(HeadlineRule.MeanOfCycles, sums),
            SubScores = CycleScores(choices, cycles, Score.Headline(HeadlineRule.MeanOfCycles, sums)),
            ExtractionFailureRate = FailureRate(choices),
            PercentIfFailuresWereRight = Score.Headline(HeadlineRule.MeanOfCycles, best),
            JudgeFailures = choices.Count(choice => choice.JudgeFailed),
            Rows = [.. choices.Select(choice => choice.Score)],
            Rule = HeadlineRule.MeanOfCycles,
            Units = [.. units.Select(unit => new SamplingUnit(unit.Key, unit.Value))],
        };

        static void Add(double[] target, int cycle, bool hit)
        {
            target[2 * cycle] += hit ? 1 : 0;
            target[2 * cycle + 1]++;
        }
    }

    private static OrderedDictionary<string, double> CycleScores(Choice[] choices, string[] cycles, double? overall)
    {
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        if (overall is { } percent) scores["Overall"] = percent;
        string[] categories = [.. choices.Select(c => c.Row.Category).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        foreach (string category in categories)
        {
            Choice[] of = [.. choices.Where(choice => choice.Row.Category == category)];
            scores.TryAdd(category, of.GroupBy(CycleOf).Average(cycle => Percent([.. cycle], c => c.Hit)));
        }
        foreach (string cycle in cycles)
        {
            Choice[] of = [.. choices.Where(choice => CycleOf(choice) == cycle)];
            scores.TryAdd(cycle, Percent(of, c => c.Hit));
            foreach (IGrouping<string?, Choice> category in of.Where(c => c.Row.Category is not null).GroupBy(c => c.Row.Category)
                .OrderBy(g => g.Key, StringComparer.Ordinal))
                scores.TryAdd($"{cycle}/{category.Key}", Percent([.. category], c => c.Hit));
        }
        return scores;
    }

    private static Score Means(IReadOnlyList<Unit> units, string? headlineSplit, IReadOnlyList<RowScore> rows, Choice[] choices,
        (string Name, double Value)[] further)
    {
        Unit[] counted = headlineSplit is not null && units.Any(unit => unit.Row.Split == headlineSplit)
            ? [.. units.Where(unit => unit.Row.Split == headlineSplit)]
            : [.. units];
        OrderedDictionary<string, double> scores = new(StringComparer.Ordinal);
        if (counted.Length > 0) scores["Overall"] = MeanOf(counted);
        foreach ((string name, double value) in further) scores.TryAdd(name, value);
        IGrouping<string, Unit>[] splits =
            [.. units.GroupBy(unit => unit.Row.Split ?? "none").OrderBy(split => split.Key, StringComparer.Ordinal)];
        foreach (IGrouping<string, Unit> split in splits)
        {
            string prefix = splits.Length > 1 ? split.Key + "/" : "";
            if (splits.Length > 1) scores.TryAdd(split.Key, MeanOf(split));
            AddMeans(scores, prefix, split,
                unit => unit.Row["l2-category"] is { } ability ? ShortAbilities.GetValueOrDefault(ability, ability) : null);
            AddMeans(scores, prefix, split, unit => unit.Row.Category);
        }
        return new()
        {
            Percent = counted.Length > 0 ? MeanOf(counted) : null,
            SubScores = scores,
            ExtractionFailureRate = FailureRate(choices),
            PercentIfFailuresWereRight = counted.Length > 0 ? 100.0 * counted.Count(unit => unit.HitAtBest) / counted.Length : null,
            JudgeFailures = choices.Count(choice => choice.JudgeFailed),
            Rows = rows,
            Rule = HeadlineRule.Mean,
            Units = [.. counted.Select(unit => new SamplingUnit(unit.Row.Index, [unit.Hit ? 1 : 0, 1]))],
        };
    }

    private static void AddMeans(OrderedDictionary<string, double> scores, string prefix, IEnumerable<Unit> units, Func<Unit, string?> key)
    {
        foreach (IGrouping<string?, Unit> group in units.Where(unit => key(unit) is not null).GroupBy(key)
            .OrderBy(group => group.Key, StringComparer.Ordinal))
            scores.TryAdd(prefix + group.Key, MeanOf(group));
    }

    private static double MeanOf(IEnumerable<Unit> units) => 100 * units.Average(unit => unit.Hit ? 1.0 : 0.0);

    private static double Percent(Choice[] choices, Func<Choice, bool> hit) =>
        choices.Length == 0 ? 0 : 100.0 * choices.Count(hit) / choices.Length;

    private static double? FailureRate(Choice[] choices) =>
        choices.Length == 0 ? null : (double)choices.Count(choice => choice.ExtractionFailed) / choices.Length;

    private static string CycleOf(Choice choice) => choice.Row["cycle_category"] ?? "none";

    private static long IndexOf(BenchmarkRow row) =>
        long.TryParse(row.Index, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long index) && index >= 0 ? index :
        throw new InputException($"Row {Printable.Quote(row.Index)} cannot belong to a circular benchmark, whose indices are integers: "
            + $"the group is the index modulo {GroupModulus}.");

    private static Choice[] Choices(IReadOnlyList<Prediction> predictions, RuleSet rules) =>
        [.. RowOrder.Sorted(predictions).Select(p => Choice.Of(p, rules))];

    private sealed record Unit(BenchmarkRow Row, bool Hit, bool HitAtBest);

    /// <summary>One row's outcome: <paramref name="Letter"/> after a judge, if there was one;
    /// null and wrong where nothing was found.</summary>
    private sealed record Choice(BenchmarkRow Row, char? Letter, bool ExtractionFailed, bool JudgeFailed)
    {
        public bool Hit => Letter is { } letter && Row.Answer is [var answer] && answer == letter;

        public bool Failed => Letter is null;

        public RowScore Score => new(Row.Index, Hit ? 1 : 0, Letter?.ToString(), ExtractionFailed);

        public static Choice Of(Prediction prediction, RuleSet rules)
        {
            char? letter = MultipleChoice.Extract(prediction.Text, prediction.Row.Options, rules);
            if (letter is not null || prediction.JudgeReply is not { } reply)
                return new(prediction.Row, letter, letter is null, letter is null && prediction.JudgeFailed);
            letter = MultipleChoice.Extract(reply, prediction.Row.Options, rules);
            return new(prediction.Row, letter, ExtractionFailed: true, JudgeFailed: letter is null);
        }
    }
}
