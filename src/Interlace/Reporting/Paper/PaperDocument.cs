using System.Text.Json.Nodes;
using Interlace.Artefacts;
using Interlace.Evaluation.Comparing;
using Interlace.Evaluation.Scoring;

namespace Interlace.Reporting.Paper;

/// <summary>Puts the report of any runs together.</summary>
internal static class PaperDocument
{
    private static readonly string[] Paths = ["model", "path", "benchmarks", "judge_replies"], ListsOfPaths = ["texts", "choices"];

    /// <summary>The document of what was found.</summary>
    /// <param name="models">The models and all about them.</param>
    /// <param name="all">Their results.</param>
    /// <param name="single">The data of the one ordinary run, where there is nothing else.</param>
    /// <param name="settings">The recorded settings of the first folder.</param>
    public static Document Of(IReadOnlyList<FoundModel> models, IReadOnlyList<Results> all, ReportData? single, JsonNode? settings)
    {
        Section[] sections =
        [
            .. single is null ? [] : RunSections.Findings(single),
            .. Overview(all),
            .. single is null ? LikelihoodResults.Sections(LikelihoodResults.Of(models), models) : [],
            .. PaperFigures.Of(all),
            .. PaperTables.Of(models, all),
            .. PaperFigures.OfModels(models, plans: single is null),
            .. Cost(models),
            RunSections.HowToRead,
            .. RunSections.Settings(WithoutFolders(settings)),
        ];
        string title = single?.Title ?? (models.Count == 1 ? $"{models[0].Name}: runs compared" : $"{models.Count} models: runs compared");
        string? note = single?.Protocol ?? (all.Count == 1 ? all[0].Setting + "." : null);
        return new(title, single is null ? Lead(models, all) : Summary.Sentence(single), note,
            single is null ? Tiles(all) : RunSections.Tiles(single), sections, RunSections.Footer(ProgramVersion.CreatedBy, single?.Seed));
    }

    /// <summary>Every score of every run, one a row, for a file of numbers.</summary>
    public static Table Scores(IReadOnlyList<Results> all)
    {
        Column[] columns =
        [
            .. new[] { "model", "method", "pattern", "layers dropped", "tuned", "protocol", "token limit", "benchmark", "group", "score",
                "relative", "unread", "cut", "questions" }.Select(name => new Column(name)),
        ];
        var rows = from results in all
                   from outcome in results.Outcomes
                   from run in outcome.Runs
                   from name in results.Benchmarks
                   let found = Results.Find(run, name)
                   where found?.Percent is not null
                   select new Row(run.Source,
                   [
                       new(results.Model.Name), new(outcome.Treatment.Method == Treatment.Untouched ? "dense" : outcome.Treatment.Method),
                           new(outcome.Treatment.Pattern ?? ""), new("", outcome.Treatment.Dropped),
                           new(outcome.Treatment.Tuned ? "yes" : "no"),
                       new(results.Settings.Protocol), new("", results.Settings.MaxNewTokens), new(name), new(found.Group ?? ""),
                           Cell.Percent(found.Percent, found.Interval is [var low, var high] ? new Interval(low, high) : null),
                       Relative(results, run, name), new("", found.ExtractionFailureRate), new("", found.TruncatedRate),
                           new("", found.Rows),
                   ]);
        return new("scores", "run", columns, [.. rows]);
    }

    private static Cell Relative(Results results, EvaluatedModel run, string benchmark)
    {
        if (results.Dense is not { } dense) return Cell.Empty;
        Retained? retained = results.Compared(run, dense.Runs[0])?.Benchmarks.FirstOrDefault(mean => mean.Name == benchmark);
        return Cell.Percent(retained?.Retention, retained?.RetentionInterval is [var low, var high] ? new Interval(low, high) : null);
    }

    private static IEnumerable<Section> Overview(IReadOnlyList<Results> all)
    {
        if (all.Sum(results => results.Outcomes.Count) == 0) yield break;
        List<Row> rows = [];
        List<(string, string)> sources = [];
        foreach (Results results in all)
            foreach (Treated outcome in results.Outcomes)
            {
                string[] missing = [.. results.Missing(outcome)];
                string name = RunScan.LabelOf(outcome.Treatment, outcome.Ratio, results.Model.Layers);
                sources.Add((all.Count == 1 ? name : $"{results.Model.Name}, {results.Settings.Protocol}: {name}",
                    string.Join(", ", outcome.Runs.Select(run => run.Source))));
                rows.Add(new(name,
                [
                    new(outcome.Treatment.Dropped > 0
                        ? $"{outcome.Treatment.Dropped}{(results.Model.Layers is { } layers ? $" of {layers}" : "")}"
                        : "0", outcome.Treatment.Dropped), new(outcome.Treatment.Tuned ? "✓" : "✗"),
                    results.Mean(outcome, results.Benchmarks)
                        .Cell(null, missing.Length == 0 ? [] : [$"without {string.Join(", ", missing)}"]),
                    results.Dense is { } dense ? results.Relative(outcome, dense, RunComparison.Overall).Cell() : Cell.Empty,
                    Unread(results, outcome),
                ], Group: $"{results.Model.Name}; {results.Setting}"));
            }
        yield return new("Results",
        [
            new Paragraph("Every model that was evaluated: "
                + "the mean of its benchmarks in percent, and its performance relative to the dense model under the same setting. "
                + "Small print: 95 % intervals over questions, paired for relative performance; of several runs the range."),
            new Table("results", "model",
                [new("layers dropped"), new("tuned"), new("average"), new("relative to dense"), new("unread / cut")], rows),
            new Folded("The run behind each row", [new Facts("row", "run", sources)]),
            .. all.SelectMany(results => results.Differences).Distinct(StringComparer.Ordinal)
                .Select(difference => new Paragraph($"Not comparable without doubt: {difference}.", Quiet: true)),
            .. all.SelectMany(results => results.Outcomes).SelectMany(outcome => outcome.Runs).SelectMany(run => run.Run.Scores.Remarks)
            .Distinct(StringComparer.Ordinal).Select(remark => new Paragraph(remark, Quiet: true)),
        ]);
    }

    /// <summary>Mean shares of answers from which nothing could be read, and that ran into the token limit.</summary>
    private static Cell Unread(Results results, Treated outcome)
    {
        BenchmarkResult[] found = [.. outcome.Runs.SelectMany(run => results.Benchmarks.Select(name => Results.Find(run, name))
            .OfType<BenchmarkResult>())];
        string Share(IEnumerable<double> shares) => shares.ToArray() is { Length: > 0 } known ? Numbers.Share(known.Average()) : "–";
        return new($"{Share(found.Select(b => b.ExtractionFailureRate).OfType<double>())} / "
            + $"{Share(found.Select(b => b.TruncatedRate).OfType<double>())}");
    }

    private static IEnumerable<Section> Cost(IReadOnlyList<FoundModel> models)
    {
        FolderCost[] costs = [.. models.SelectMany(model => model.Costs)];
        if (costs.Length == 0) yield break;
        (string Name, Func<string, bool> Takes)[] kinds =
        [
            ("calibration",
                name => name.StartsWith("calibrate", StringComparison.Ordinal) || name.StartsWith("evidence", StringComparison.Ordinal)),
            ("plan and removal", name => name is "plan" or "prune" || name.StartsWith("sparsify", StringComparison.Ordinal)),
            ("tuning", name => name.StartsWith("finetune", StringComparison.Ordinal)),
            ("evaluation", name => name.StartsWith("evaluate", StringComparison.Ordinal)),
        ];
        bool energy = costs.Any(cost => cost.EnergyJoules is not null);
        Cell Seconds(double seconds) => seconds > 0 ? new(Numbers.Seconds(seconds), seconds) : Cell.Empty;
        Row RowOf(FolderCost cost) => new(cost.Source,
        [
            .. kinds.Select(kind => Seconds(cost.Stages.Where(stage => kind.Takes(stage.Name)).Sum(stage => stage.Seconds))),
            Seconds(cost.Stages.Sum(stage => stage.Seconds)),
            cost.Samples is { } samples ? new(Numbers.Count(samples), samples) : Cell.Empty,
            cost.Memory is { } bytes ? new(Numbers.Memory(bytes), bytes) : Cell.Empty,
            .. energy ? [cost.EnergyJoules is { } joules ? new(Numbers.Energy(joules), joules) : Cell.Empty] : (Cell[])[],
        ]);
        List<Row> rows = [.. costs.Select(RowOf)];
        if (costs.Length > 1)
            rows.Add(RowOf(new("together", [.. costs.SelectMany(cost => cost.Stages)], energy
                ? costs.Sum(cost => cost.EnergyJoules ?? 0)
                : null, costs.Sum(cost => cost.Samples ?? 0), costs.Max(cost => cost.Memory))) with { IsMean = true });
        yield return new("Cost",
        [
            new Table("cost", "folder",
                [.. kinds.Select(kind => new Column(kind.Name)), new("all stages"), new("samples tuned on"), new("highest memory"),
                .. energy ? [new Column("energy")] : (Column[])[]], rows),
            new Paragraph($"Wall-clock times as the stages recorded them.{(energy ? "" : " No stage recorded energy.")}", Quiet: true),
        ]);
    }

    private static string Lead(IReadOnlyList<FoundModel> models, IReadOnlyList<Results> all)
    {
        string[] sources = [.. models.SelectMany(model => model.Evaluations.Select(evaluation => evaluation.Source)
            .Concat(model.Likelihoods.Select(measured => measured.Source))).Distinct(StringComparer.Ordinal)];
        int evaluations = sources.Length, methods = all.SelectMany(results => results.Outcomes).Select(outcome => outcome.Treatment)
            .Concat(models.SelectMany(model => model.Likelihoods).Select(measured => measured.Treatment))
            .Where(treatment => treatment.Method != Treatment.Untouched).Select(treatment => treatment.Name)
            .Distinct(StringComparer.Ordinal).Count();
        string counted = $"{evaluations} evaluations of {(models.Count == 1 ? models[0].Name : $"{models.Count} models")}, "
            + $"{methods} {(methods == 1 ? "treatment" : "treatments")}.";
        return Main(all) is not var (results, interlace, relative) ? counted
            : $"{counted} With {results.RatioName(interlace)} of the layers dropped and as many tuned, "
                + $"Interlace keeps {Numbers.Score(relative.Value!.Value)}\u00A0% of the dense model's "
                + $"performance{(relative.Interval is { } i ? $" ({Numbers.Interval(i)})" : "")}.";
    }

    private static Tile[] Tiles(IReadOnlyList<Results> all)
    {
        if (Main(all) is not var (results, interlace, relative)) return [];
        Tile Score(Treated outcome, string what) =>
            results.Mean(outcome, results.Benchmarks) is var mean && mean.Value is { } value
                ? new(Numbers.Score(value), what, mean.Interval is { } i ? $"95 %: {Numbers.Interval(i)}" : "")
                : new("–", what, "");
        return
        [
            Score(results.Dense!, "dense, average score"),
            Score(interlace, $"Interlace {results.RatioName(interlace)}, average score"),
            new(Numbers.Score(relative.Value!.Value) + "\u00A0%", "relative to dense",
                relative.Interval is { } interval ? $"95 %: {Numbers.Interval(interval)}" : ""),
        ];
    }

    /// <summary>Tuned Interlace at the ratio that most methods were run at, in the first results that have it.</summary>
    private static (Results Results, Treated Interlace, Measure Relative)? Main(IReadOnlyList<Results> all)
    {
        foreach (Results results in all)
            if (results.Dense is { } dense && results.Interlace(results.MainDropped, tuned: true) is { } interlace
                && results.Relative(interlace, dense, RunComparison.Overall) is { Value: not null } relative)
                return (results, interlace, relative);
        return null;
    }

    /// <summary>The settings with folders' names in place of where they lie on one machine.</summary>
    private static JsonNode? WithoutFolders(JsonNode? settings)
    {
        JsonNode? copy = settings?.DeepClone();
        void Shorten(JsonNode? node)
        {
            if (node is JsonArray list) foreach (JsonNode? entry in list) Shorten(entry);
            if (node is not JsonObject members) return;
            foreach (string name in members.Select(member => member.Key).ToArray())
                if (Paths.Contains(name) && members[name] is JsonValue value && value.TryGetValue(out string? path))
                    members[name] = NameOf(path);
                else if (ListsOfPaths.Contains(name) && members[name] is JsonArray paths)
                    members[name] = new JsonArray([.. paths.Select(one => JsonValue.Create(NameOf(one?.ToString() ?? "")))]);
                else Shorten(members[name]);
        }
        Shorten(copy);
        return copy;

        static string NameOf(string path) => path.TrimEnd('/', '\\').Split('/', '\\')[^1];
    }
}
