using Interlace.Evaluation.Comparing;

namespace Interlace.Reporting.Paper;

/// <summary>
/// The paper's tables from whatever results there are; a table without rows is left out. Every number carries an interval;
/// the paper's own stands beside it where model and setting are the paper's.
/// </summary>
internal static class PaperTables
{
    private const string Overall = "Overall", Average = "Average";

    /// <summary>All tables, in the paper's order.</summary>
    public static IEnumerable<Section> Of(IReadOnlyList<FoundModel> models, IReadOnlyList<Results> all)
    {
        foreach (var (i, group) in all.GroupBy(results => $"{results.Setting}; {string.Join(", ", results.Benchmarks)}").Index())
            if (Ratios([.. group], i) is { } ratios) yield return ratios;
        foreach (var (i, results) in all.Index())
            if (Competitors(results, i) is { } competitors) yield return competitors;
        foreach (var (i, results) in all.Index())
            if (Ablations(results, i) is { } ablations) yield return ablations;
        foreach (var (i, (model, (source, file))) in models.SelectMany(model =>
            model.Latencies.Where(latency => latency.File.Models.Length > 1).Select(latency => (model, latency))).Index())
            yield return SpeedUps.Section(model, source, file, i);
        foreach (var (i, results) in all.Index())
            if (AblationScores(results, i) is { } scores) yield return scores;
        foreach (var (i, group) in all.GroupBy(results => results.Model.Name).Index())
            if (DenseTuned([.. group], i) is { } dense) yield return dense;
    }

    /// <summary>Table 1: relative performance of Interlace by benchmark and ratio.</summary>
    private static Section? Ratios(IReadOnlyList<Results> models, int number)
    {
        var columns = (from results in models
                       where results.Dense is not null
                       from outcome in results.Outcomes
                       where outcome.Treatment is { Method: "interlace", Detail: "" }
                       select (Results: results, Treated: outcome)).ToArray();
        if (columns.Length == 0) return null;
        Cell CellOf((Results Results, Treated Treated) column, string scope, string published, bool complete)
        {
            var (results, outcome) = column;
            bool isPapers = complete && outcome.Treatment.Tuned && Published.IsSetting(results.Settings, cot: true);
            return results.Relative(outcome, results.Dense!, scope)
                .Cell(isPapers ? Published.RelativePerformance(results.Size, outcome.Treatment.Dropped, published) : null);
        }
        List<Row> rows = [];
        foreach (var (group, benchmarks) in GroupsOf(models))
        {
            string? heading = benchmarks.Count == 1 && benchmarks[0] == group ? null : group;
            rows.AddRange(benchmarks.Select(name => new Row(name, [.. columns.Select(column => CellOf(column, name, name, true))],
                Group: heading)));
            if (heading is not null)
                rows.Add(new(Average, [.. columns.Select(column => CellOf(column, group, group, IsWhole(group, benchmarks)))], IsMean: true,
                    Group: heading));
        }
        bool whole = models.All(results => Evaluation.Tables.Benchmarks.Paper.All(b => results.Benchmarks.Contains(b.Name)));
        rows.Add(new(Overall, [.. columns.Select(column => CellOf(column, RunComparison.Overall, Overall, whole))], IsMean: true,
            Group: rows.Any(row => row.Group is not null) ? "All" : null));
        Column[] heads = [.. columns.Select(column =>
            new Column($"{column.Results.RatioName(column.Treated)} {(column.Treated.Treatment.Tuned ? "recovered" : "dropped")}",
            column.Results.Model.Name))];
        return new($"Table 1: relative performance by ratio{Suffix(number)}",
        [
            new Paragraph("Interlace's score / the dense model's score of each benchmark, in percent: "
                + "after dropping layers, and after tuning as many (recovered, which is what the paper prints). "
                + "Averages are means of these quotients; intervals of 95 % draw the same questions for both."),
            new Table(Key("table-1", number), "benchmark", heads, rows),
            .. Notes(models, cot: true),
        ]);
    }

    /// <summary>Table 2: methods against each other, relative to the tuned dense model.</summary>
    private static Section? Competitors(Results results, int number)
    {
        bool Takes(Treatment treatment) =>
            treatment.Family != Family.Ablation && (treatment.Dropped == 0 || treatment.Dropped == results.MainDropped);
        Treated[] outcomes = [.. results.Outcomes.Where(outcome => Takes(outcome.Treatment))];
        if (!outcomes.Any(outcome => outcome.Treatment.Family == Family.Competitor
            || outcome.Treatment is { Method: "dense", Tuned: true }))
            return null;
        Treated? baseline = results.DenseTuned ?? results.Dense;
        string against = results.DenseTuned is null
            ? "the dense model, because no tuned dense model was evaluated"
            : "the tuned dense model (Dense-FT)";
        Column[] heads = [new("taken away"), new("tuned"), new("time to first token"),
            .. results.Groups.Select(group => new Column(group.Name)), new("Avg"), new("RP")];
        return new($"Table 2: methods compared{Suffix(number)}",
        [
            new Paragraph("Mean scores of groups of benchmarks in percent, their mean over all benchmarks (Avg), "
                + $"and performance relative to {against} (RP). Weight sparsity leaves dense matrices with zeros: "
                + "without sparse kernels nothing is faster."),
            new Table(Key("table-2", number), "method", heads, [.. outcomes.Select(outcome => CompetitorRow(results, outcome, baseline))]),
            .. Notes([results], cot: false),
        ]);
    }

    private static Row CompetitorRow(Results results, Treated outcome, Treated? baseline)
    {
        Treatment treatment = outcome.Treatment;
        string paperName = treatment is { Method: "interlace", Tuned: true, Detail: "" } ? "Interlace" : treatment.Name;
        bool papers = results.Size == "8B" && Published.IsSetting(results.Settings, cot: false) && treatment.Detail.Length == 0
            && treatment.Dropped is 0 or 9;
        double? Print(string column, bool complete) => papers && complete ? Published.Competitor(paperName, column) : null;
        bool whole = Evaluation.Tables.Benchmarks.Paper.All(b => results.Benchmarks.Contains(b.Name));
        string[] missing = [.. results.Missing(outcome)];
        string taken = treatment.Pattern is { } pattern ? $"{pattern} of the weights" : treatment.Dropped == 0
            ? "nothing" : $"{results.RatioName(outcome)} of the layers";
        return new(paperName,
        [
            new(taken), new(treatment.Tuned ? "✓" : "✗"), SpeedUps.Cell(results, outcome),
            .. results.Groups.Select(group => results.Mean(outcome, group.Benchmarks)
            .Cell(Print(group.Name, IsWhole(group.Name, group.Benchmarks)))),
            results.Mean(outcome, results.Benchmarks)
                .Cell(Print("Avg", whole), missing.Length == 0 ? [] : [$"without {string.Join(", ", missing)}"]),
            baseline is null
                ? Cell.Empty
                : results.Relative(outcome, baseline, RunComparison.Overall).Cell(results.DenseTuned is null ? null : Print("RP", whole)),
        ]);
    }

    /// <summary>Table 3: ablations relative to Interlace.</summary>
    private static Section? Ablations(Results results, int number)
    {
        if (results.Interlace(results.MainDropped, tuned: true) is not { } interlace) return null;
        Treated[] outcomes = AblationsOf(results);
        if (outcomes.Length == 0) return null;
        bool papers = results.Size == "8B" && results.MainDropped == 9 && Published.IsSetting(results.Settings, cot: true);
        Row RowOf(Treated outcome) => new(outcome.Treatment.Name,
        [
            .. results.Groups.Select(group => results.Relative(outcome, interlace, group.Name)
                .Cell(papers && IsWhole(group.Name, group.Benchmarks) ? Published.Ablation(outcome.Treatment.Name, group.Name) : null)),
            results.Relative(outcome, interlace, RunComparison.Overall)
                .Cell(papers && Evaluation.Tables.Benchmarks.Paper.All(b => results.Benchmarks.Contains(b.Name))
                ? Published.Ablation(outcome.Treatment.Name, "Avg") : null),
        ]);
        return new($"Table 3: ablations relative to Interlace{Suffix(number)}",
        [
            new Paragraph($"Score / Interlace's score in percent, {results.RatioName(interlace)} of the layers dropped, "
                + "equally many tuned. Above 100 an ablation is better; "
                + "where 100 lies in its interval, the questions do not tell the two apart."),
            new Table(Key("table-3", number), "method", [.. results.Groups.Select(group => new Column(group.Name)), new("Avg")],
            [.. outcomes.Select(RowOf)]),
            .. Notes([results], cot: true),
        ]);
    }

    /// <summary>Table 5: the scores of the ablations by benchmark.</summary>
    private static Section? AblationScores(Results results, int number)
    {
        Treated[] ablations = AblationsOf(results);
        if (ablations.Length == 0) return null;
        Treated[] outcomes = [.. ablations,
            .. new[] { results.Interlace(results.MainDropped, tuned: true), results.Dense }.OfType<Treated>()];
        bool papers = results.Size == "8B" && results.MainDropped == 9 && Published.IsSetting(results.Settings, cot: true);
        double? Print(Treated outcome, string row) =>
            papers ? Published.AblationScore(outcome.Treatment.Name == "Interlace" ? "INTERLACE" : outcome.Treatment.Name, row) : null;
        return new($"Table 5: ablations by benchmark{Suffix(number)}",
        [
            new Paragraph("Scores in percent."),
            new Table(Key("table-5", number), "benchmark", [.. outcomes.Select(outcome => new Column(outcome.Treatment.Name))],
            ScoreRows(results, outcomes, Print)),
            .. Notes([results], cot: true),
        ]);
    }

    /// <summary>Table 6: what tuning alone does to the dense model, with long and short answers.</summary>
    private static Section? DenseTuned(IReadOnlyList<Results> settings, int number)
    {
        Results[] both = [.. settings.Where(results => results.DenseTuned is not null && results.Dense is not null)
            .OrderBy(results => results.Settings.Protocol, StringComparer.Ordinal)];
        if (both.Length == 0) return null;
        var columns = both.SelectMany(results =>
            new[] { results.Dense!, results.DenseTuned! }.Select(outcome => (Results: results, Treated: outcome))).ToArray();
        Cell CellOf((Results Results, Treated Treated) column, string row, Func<Results, Measure> measure)
        {
            var (results, outcome) = column;
            bool cot = results.Settings.Protocol == "cot";
            bool papers = results.Size == "8B" && Published.IsSetting(results.Settings, cot)
                && (row != Average || Evaluation.Tables.Benchmarks.Paper.All(b => results.Benchmarks.Contains(b.Name)));
            return measure(results).Cell(papers ? Published.DenseScore(cot, outcome.Treatment.Name, row) : null);
        }
        string[] benchmarks = [.. both.SelectMany(results => results.Benchmarks).Distinct(StringComparer.Ordinal)];
        List<Row> rows = [.. benchmarks.Select(name =>
            new Row(name, [.. columns.Select(column => CellOf(column, name, results => results.Score(column.Treated, name)))]))];
        rows.Add(new(Average, [.. columns.Select(column =>
            CellOf(column, Average, results => results.Mean(column.Treated, results.Benchmarks)))], IsMean: true));
        rows.Add(new("relative to Dense",
            [.. columns.Select(column => column.Results.Relative(column.Treated, column.Results.Dense!, RunComparison.Overall).Cell())],
            IsMean: true));
        return new($"Table 6: tuning without dropping{Suffix(number)}",
        [
            new Paragraph("Scores of the model as it is and of the model whose last layers were tuned (Dense-FT), in percent."),
            new Table(Key("table-6", number), "benchmark",
            [.. columns.Select(column => new Column(column.Treated.Treatment.Name,
            $"{column.Results.Model.Name}, {column.Results.Settings.Protocol}"))], rows),
            .. both.SelectMany(results => Notes([results], results.Settings.Protocol == "cot")),
        ]);
    }

    private static List<Row> ScoreRows(Results results, IReadOnlyList<Treated> outcomes, Func<Treated, string, double?> print)
    {
        bool whole = Evaluation.Tables.Benchmarks.Paper.All(b => results.Benchmarks.Contains(b.Name));
        List<Row> rows = [.. results.Benchmarks.Select(name =>
            new Row(name, [.. outcomes.Select(outcome => results.Score(outcome, name).Cell(print(outcome, name)))]))];
        rows.Add(new(Average, [.. outcomes.Select(outcome => results.Mean(outcome, results.Benchmarks)
            .Cell(whole ? print(outcome, Average) : null))], IsMean: true));
        return rows;
    }

    private static Treated[] AblationsOf(Results results) =>
        [.. results.Outcomes.Where(outcome => outcome.Treatment is { Family: Family.Ablation, Tuned: true }
            && outcome.Treatment.Dropped == results.MainDropped)];

    private static IEnumerable<(string Name, IReadOnlyList<string> Benchmarks)> GroupsOf(IReadOnlyList<Results> models) =>
        models.SelectMany(results => results.Groups).GroupBy(group => group.Name)
            .Select(group => (group.Key, (IReadOnlyList<string>)[.. group.SelectMany(g => g.Benchmarks).Distinct(StringComparer.Ordinal)]));

    /// <summary>Whether the benchmarks of a group are the paper's.</summary>
    private static bool IsWhole(string group, IReadOnlyList<string> benchmarks) =>
        Evaluation.Tables.Benchmarks.Paper.Where(b => b.Group == group).Select(b => b.Name).Order(StringComparer.Ordinal)
            .SequenceEqual(benchmarks.Order(StringComparer.Ordinal));

    private static IEnumerable<Block> Notes(IReadOnlyList<Results> models, bool cot)
    {
        yield return new Paragraph($"{models[0].Setting}; of the runs that Results names.", Quiet: true);
        if (models.Any(results => results.Size is not null && Published.IsSetting(results.Settings, cot)))
            yield return new Paragraph("Published: what the paper prints for this model, ratio and token limit; "
                + "its answers were drawn at temperature 0.7.", Quiet: true);
    }

    private static string Suffix(int number) => number == 0 ? "" : $" ({number + 1})";

    private static string Key(string name, int number) => number == 0 ? name : $"{name}-{number + 1}";
}
