using Interlace.Evaluation.Comparing;

namespace Interlace.Reporting.Paper;

/// <summary>The paper's figures and what else is better seen than read.</summary>
internal static class PaperFigures
{
    /// <summary>Methods by relative performance, retention against ratio and against speed, and distributions over benchmarks.</summary>
    public static IEnumerable<Section> Of(IReadOnlyList<Results> all)
    {
        foreach (var (i, results) in all.Index())
        {
            if (results.Dense is not { } dense) continue;
            Treated[] changed = [.. results.Outcomes.Where(outcome => outcome.Treatment != Treatment.Dense
                && results.Relative(outcome, dense, RunComparison.Overall).Value is not null)];
            if (changed.Length == 0) continue;
            List<Block> blocks = changed.Length > 2 ? [Ranking(results, dense, changed, i)] : [];
            if (ByRatio(results, dense, changed, i) is { } ratio) blocks.Add(ratio);
            if (BySpeed(results, dense, changed, i) is { } speed) blocks.Add(speed);
            if (Violins(results, dense, changed, i) is { } violins) blocks.Add(violins);
            if (blocks.Count == 0) continue;
            blocks.Add(new Paragraph($"{results.Model.Name}; {results.Setting}.", Quiet: true));
            yield return new($"Relative performance{(i == 0 ? "" : $" ({i + 1})")}", blocks);
        }
    }

    /// <summary>Plan, similarity over depth, and the curves of the trainings.</summary>
    /// <param name="models">The models.</param>
    /// <param name="plans">False where a run's own sections show its plan and its training.</param>
    public static IEnumerable<Section> OfModels(IReadOnlyList<FoundModel> models, bool plans)
    {
        if (plans)
            foreach (var (i, model) in models.Index())
                if (PlanOf(model, i) is { } plan) yield return plan;
        FoundModel[] measured = [.. models.Where(model => model.Similarity is not null)];
        if (measured.Length > 1) yield return Depth(measured);
        foreach (var (i, model) in models.Where(model => model.Trainings.Count > (plans ? 0 : 1)).Index())
            if (Recovery(model, i) is { } recovery) yield return recovery;
    }

    private static Section? Recovery(FoundModel model, int number)
    {
        (string Name, TrainingData Data)[] curves =
            [.. model.Trainings.Where(training => training.Data.Rows.Any(row => double.IsFinite(row.Loss)))
            .Select(training => (NameOf(training, model), training.Data))];
        if (curves.Length == 0) return null;
        return new($"Recovery, {model.Name}",
        [
            Figure.Of(Charts.Losses(Key("losses", number), curves),
                "Cross-entropy on answer tokens of every training, as a running mean over about a twentieth of the steps."),
            new Folded("First and last losses",
                [new Table(Key("trainings", number), "training",
                [new("steps"), new("first loss"), new("last loss"), new("run", IsText: true)],
                [.. model.Trainings.Select(training =>
                new Row(NameOf(training, model), [new(Numbers.Count(training.Data.Rows.Count), training.Data.Rows.Count),
                    new(Numbers.Loss(training.Data.Rows[0].Loss), training.Data.Rows[0].Loss),
                        new(Numbers.Loss(training.Data.Rows[^1].Loss), training.Data.Rows[^1].Loss), new(training.Source)]))])]),
        ]);
    }

    private static string NameOf(Training training, FoundModel model) =>
        model.Trainings.Count(other => other.Label == training.Label) == 1
            ? training.Label
            : $"{training.Label} {training.Source.Split('/', '-')[^1]}";

    private static Figure Ranking(Results results, Treated dense, Treated[] changed, int number)
    {
        RankedValue[] values = [.. changed.Select(outcome =>
            (Treated: outcome, Measure: results.Relative(outcome, dense, RunComparison.Overall)))
            .OrderByDescending(entry => entry.Measure.Value)
            .Select(entry => new RankedValue(Name(results, entry.Treated), entry.Measure.Value!.Value, entry.Measure.Interval,
            (int)entry.Treated.Treatment.Family switch { 3 => 0, 1 => 1, 2 => 2, _ => 7 }))];
        return Figure.Of(Charts.Ranking(Key("ranking", number), "Relative performance of every method, best first, with 95 % intervals",
            values, "relative to the dense model, percent", 100),
            "Performance relative to the dense model, best first: "
                + "Interlace, other methods, ablations and the tuned dense model in colours of their own. "
                + "Whiskers are 95 % intervals over questions, or the range of several runs.");
    }

    private static Figure? ByRatio(Results results, Treated dense, Treated[] changed, int number)
    {
        if (changed.Where(outcome => outcome.Treatment.Dropped > 0).Select(outcome => outcome.Treatment.Dropped).Distinct().Count() < 2)
            return null;
        Series[] series = SeriesOf(results, dense,
            changed.Where(outcome => outcome.Treatment.Dropped > 0 && results.Share(outcome) is not null), outcome =>
            100 * results.Share(outcome)!.Value);
        return Figure.Of(Charts.Lines(Key("retention-by-ratio", number), "Relative performance against the part of the layers that is gone",
            series, new("layers dropped, percent", "relative to the dense model, percent", 100)),
            "Relative performance against the part of the layers that is gone. Points of one ratio lie side by side.");
    }

    private static Figure? BySpeed(Results results, Treated dense, Treated[] changed, int number)
    {
        Treated[] dropped = [.. changed.Where(outcome => outcome.Treatment.Dropped > 0)];
        bool measured = dropped.Length > 0 && dropped.All(outcome => SpeedUps.Measured(results, outcome) is not null);
        double? Speed(Treated outcome) => measured ? SpeedUps.Measured(results, outcome)!.Median : SpeedUps.Ideal(results, outcome);
        dropped = [.. dropped.Where(outcome => Speed(outcome) is not null)];
        if (dropped.Select(outcome => Speed(outcome)!.Value).Distinct().Count() < 2) return null;
        string across = measured ? "times faster to the first token, measured" : "times faster, ideal of the decoder";
        return Figure.Of(Charts.Lines(Key("retention-by-speed", number), "Relative performance against speed",
            SeriesOf(results, dense, dropped, outcome => Speed(outcome)!.Value), new(across, "relative to the dense model, percent", 100)),
            measured ? "Relative performance against the measured speed-up of the time to the first token." : "Relative performance "
                + "against L / (L - K), the most that dropping layers can give the decoder; nothing was measured for these models.");
    }

    private static Series[] SeriesOf(Results results, Treated dense, IEnumerable<Treated> outcomes, Func<Treated, double> across) =>
        [.. outcomes.GroupBy(outcome => outcome.Treatment.Name).OrderByDescending(group => group.Count())
            .Select(group => new Series(group.Key,
            [.. group.Select(outcome => (X: across(outcome), Measure: results.Relative(outcome, dense, RunComparison.Overall)))
            .OrderBy(point => point.X).Select(point => new SeriesPoint(point.X, point.Measure.Value!.Value, point.Measure.Interval))],
            Apart: group.Count() == 1))];

    private static Figure? Violins(Results results, Treated dense, Treated[] changed, int number)
    {
        Treated[] tuned = [.. changed.Where(outcome => outcome.Treatment is { Tuned: true, Dropped: 0 }
            || outcome.Treatment is { Tuned: true, Family: Family.Interlace or Family.Competitor }
            && outcome.Treatment.Dropped == results.MainDropped)];
        Violin[] violins = [.. tuned.Select(outcome =>
            new Violin(Name(results, outcome),
            [.. results.Benchmarks.Select(name => results.Relative(outcome, dense, name).Value).OfType<double>()]))
            .Where(violin => violin.Values.Count > 2)];
        return violins.Length == 0
            ? null : Figure.Of(Charts.Violins(Key("violins", number), "Relative performance of tuned models over benchmarks", violins,
            "relative to the dense model, percent", 100),
            "Relative performance over benchmarks, each a point, with the median and a density (paper, Figure 3: Dense-FT alone). "
                + "Below the dashed line tuning and dropping cost more than they gave.");
    }

    private static Section? PlanOf(FoundModel model, int number)
    {
        if (model.Plans.Count == 0 && model.Similarity is null) return null;
        Planned? shown = model.Plans.Where(plan => plan.Plan.Method == "interlace"
            && plan.Plan.LayerCount == (model.Similarity?.Layer.Length ?? plan.Plan.LayerCount)).MaxBy(plan => plan.Plan.Drop.Length);
        Section section = RunSections.Plan(shown?.Plan, model.Similarity, number == 0 ? "" : $"-{number + 1}");
        string title = $"{(shown is null ? section.Title : $"Plan: {shown.Label}")}, {model.Name}";
        return section with { Title = title, Blocks = model.Plans.Count > 1
            ? [.. section.Blocks, new Folded($"Plans of all methods ({model.Plans.Count})", [new Verbatim(Rows(model.Plans))])]
            : section.Blocks };
    }

    /// <summary>One line of characters for each plan, below a ruler.</summary>
    private static string Rows(IReadOnlyList<Planned> plans)
    {
        string[] names = [.. plans.Select(plan => plans.Count(other => other.Label == plan.Label) == 1
            ? plan.Label : $"{plan.Label} ({plan.Source.Split('/')[^1]})")];
        int width = names.Max(name => name.Length);
        string[] legend = PlanRow.Text(plans[0].Plan, 200).TrimEnd('\n').Split('\n');
        return string.Join('\n', [$"{"layer".PadRight(width)} {legend[0]["layer ".Length..]}",
            .. plans.Zip(names, (plan, name) => $"{name.PadRight(width)} {string.Concat(PlanRow.Roles(plan.Plan).Select(PlanRow.Symbol))}"),
            "D dropped  T tuned  F frozen anchor  P protected  . frozen"]) + "\n";
    }

    private static Section Depth(FoundModel[] models)
    {
        Series[] Curves(Func<SimilarityData, double[]> of) =>
            [.. models.Select(model =>
                new Series(model.Name, [.. of(model.Similarity!).Index().Where(value => double.IsFinite(value.Item))
                .Select(value => new SeriesPoint(value.Index, value.Item))]))];
        return new("Similarity over depth",
        [
            Figure.Of(Charts.Lines("depth-layers", "Similarity of layers over depth, of several models",
                Curves(similarity => similarity.Layer), new("layer", "similarity of layer", Fenced: true)),
                "Similarity of each layer's input and output (paper, Figure 4). Values far below the rest are left out."),
            Figure.Of(Charts.Lines("depth-triplets", "Similarity of triplets over depth, of several models",
                Curves(similarity => similarity.Triplet), new("first layer of the triplet", "similarity of triplet", Fenced: true)),
                "Similarity of each triplet's input and output, by its first layer."),
        ]);
    }

    private static string Name(Results results, Treated outcome) => RunScan.LabelOf(outcome.Treatment, outcome.Ratio, results.Model.Layers);

    private static string Key(string name, int number) => number == 0 ? name : $"{name}-{number + 1}";
}
