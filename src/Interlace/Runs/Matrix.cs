using System.Globalization;
using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Reporting;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Runs;

/// <summary>
/// Many plans of one model (the paper's tables): one calibration and one evaluation of the dense model serve all lines,
/// lines with the same plan share its pruned and tuned model, and what stands already is not done again.
/// All plans are made first; then come the models that are only pruned, then those that are tuned.
/// </summary>
/// <param name="job">The work, whose experiment has at least one variant.</param>
/// <param name="folder">The folder of the matrix: <c>similarity.json</c>, <c>dense</c>,
/// and <c>variants</c> with an ordinary run folder for each plan.</param>
public sealed class Matrix(Job job, string folder)
{
    /// <summary>The folder of the dense model's evaluation.</summary>
    public const string Dense = "dense";

    private readonly Experiment _experiment = Widened(job.Experiment);
    private readonly InputIdentities _identities = new();

    /// <summary>Delete the pruned and the tuned model of a plan once all its lines are scored.</summary>
    public bool DiscardModels { get; init; }

    /// <summary>
    /// Ranks that work on a line together, where several lines are worked on at once; all ranks on one line after the other where absent.
    /// </summary>
    public int? RanksPerLine { get; init; }

    /// <summary>Number of folders of lines.</summary>
    internal int FolderCount => _experiment.Variants!.Select(line => line.FolderIn(_experiment)).Distinct().Count();

    /// <summary>Checks the settings of every line, before anything is computed.</summary>
    /// <exception cref="InputException">A line's method cannot serve, or it is to be tuned and its method tunes nothing.</exception>
    public static void Check(Experiment experiment)
    {
        var lines = experiment.Variants ?? [];
        if (lines.Length == 0)
        {
            throw new InputException("The experiment has no variants: "
                + "name at least one line, such as { \"method\": \"interlace\", \"ratio\": 0.25 }.");
        }
        var whole = Widened(experiment.Complete());
        bool[] tuned = new bool[lines.Length];
        foreach (var (i, line) in lines.Index())
        {
            try
            {
                tuned[i] = Tunes(line, whole);
            }
            catch (InputException e)
            {
                throw new InputException($"variants.{i.ToString(CultureInfo.InvariantCulture)}: {e.Message}", e);
            }
        }
        if (lines.Zip(tuned).GroupBy(line =>
            (line.First.FolderIn(whole), line.First.EvaluationIn(whole, line.Second ? "recovered" : "dropped"))).FirstOrDefault(g =>
            g.Count() > 1) is { } twice)
            throw new InputException($"Two lines of the variants are the same: {twice.Key.Item1}, {twice.Key.Item2}.");
    }

    /// <summary>The different ways in which the lines of an experiment that was checked are tuned.</summary>
    internal static IEnumerable<FineTuneOptions> Tunings(Experiment experiment) => experiment.Variants!
        .Where(line => Tunes(line, experiment)).Select(line => line.In(experiment).Finetune!).Distinct();

    /// <summary>Whether the model of a line is tuned; wrong lines are refused.</summary>
    private static bool Tunes(Variant line, Experiment experiment)
    {
        if (line.SparsityIn(experiment) is { } sparsity)
        {
            if (line.Tune == true) throw new InputException($"{sparsity.Method} names no layers to tune: leave tune out.");
            if (line.Bridge == true) throw new InputException($"{sparsity.Method} drops no layer: leave bridge out.");
            SparsifyStage.Check(experiment.Model!, sparsity);
            return false;
        }
        var own = line.In(experiment);
        var plan = Preflight.Plan(own with { Plan = own.Plan! with { Rounds = 1 } });
        if (line.Pattern is not null)
        {
            throw new InputException($"{plan.Origin.Method} drops layers: "
                + $"a pattern is for {string.Join(" and ", SparsityOptions.Methods)}.");
        }
        if (EvidenceFiles.MethodsOf(own.Plan).Contains(EvidenceFiles.Sleb) && own.Plan.Protect != experiment.Plan!.Protect)
        {
            throw new InputException("One order of removal serves all lines, "
                + "and it is searched with plan.protect as the experiment has it: leave protect out.");
        }
        bool TunesNone(string name) => Preflight.Plan(own with { Plan = own.Plan with { Method = name, Rounds = 1 } }).Tune.IsEmpty;
        if (own.Plan.Method == BestOf.Name && line.Tune != false
            && EvidenceFiles.MethodsOf(own.Plan).Select(TunesNone).Distinct().Count() > 1)
        {
            throw new InputException("Some of the methods that best compares tune layers and some tune none: "
                + "say which layers are tuned with plan.tune, or set tune to false.");
        }
        if (line.Tune == true && plan.Tune.IsEmpty)
            throw new InputException($"{plan.Origin.Method} names no layers to tune: leave tune out.");
        if (own.Plan.Rounds > 1)
        {
            Rounds.Of(own.Plan, plan.LayerCount, own.Prune!.Bridge);
            if (line.Tune == false || plan.Tune.IsEmpty)
                throw new InputException("Every round ends with tuning: leave tune out, and name a method that tunes.");
        }
        bool tunes = line.Tune ?? !plan.Tune.IsEmpty;
        if (tunes) WindowFit.Check(own, plan);
        return tunes;
    }

    /// <summary>Does what is left to do.</summary>
    /// <exception cref="InputException">Model, data, tables or settings are wrong.</exception>
    public void Run()
    {
        string model = _experiment.Model ?? throw new InputException("The experiment names no model: give its folder.");
        Directory.CreateDirectory(folder);
        List<Step> steps = [.. Steps(model)];
        Announce(steps);
        bool dealt = RanksPerLine < job.Ranks.Count;
        foreach (var (i, step) in steps.Index())
        {
            if (step.Done() || dealt && step.Folder is not null) continue;
            job.Cancellation.ThrowIfCancellationRequested();
            job.Say($"[{i + 1}/{steps.Count}] {step.Label}{TimeLeft(steps)}");
            step.Run();
        }
        if (dealt) DealtLines.Lead(this, job, folder, RanksPerLine!.Value);
        if (_experiment.Evaluate!.Evaluates) PaperReport.Write(folder);
        WriteCards(model);
    }

    /// <summary>Does what is left of some folders of lines, one after the other.</summary>
    /// <param name="folders">Their 0-based numbers, as they are asked for.</param>
    /// <returns>Each number, when its folder is done.</returns>
    internal IEnumerable<int> Finish(IEnumerable<int> folders)
    {
        var steps = Steps(_experiment.Model!).Where(step => step.Folder is not null).ToLookup(step => step.Folder!.Value);
        foreach (int number in folders)
        {
            foreach (var step in steps[number].Where(step => !step.Done()))
            {
                job.Cancellation.ThrowIfCancellationRequested();
                job.Say(step.Label);
                step.Run();
            }
            yield return number;
        }
    }

    /// <summary>The cards of the models that are kept, with the scores under each protocol that they were asked by.</summary>
    private void WriteCards(string model)
    {
        foreach (var own in _experiment.Variants!.Select(variant => Open(variant, model)).GroupBy(line => line.Folder))
        {
            string at = own.First().Stages.At();
            CardStage.AddTo(at, own.First().Own, job.Say, () => [.. own.GroupBy(line => line.Dense).Select(asked =>
                CardStage.Measured(at, asked.First().Own, [(Dense, Path.Combine(folder, asked.Key)), .. asked.Select(line =>
                    (line.Model, line.Stages.At(RunFolder.Evaluated, line.EvaluationName)))]))]);
        }
    }

    /// <summary>One stage of one folder.</summary>
    /// <param name="Label">For the log.</param>
    /// <param name="Kind">Stages of one kind take about as long as each other.</param>
    /// <param name="Stages">The folder's stages.</param>
    /// <param name="Done">It has left its artefact, or nobody needs it any more.</param>
    /// <param name="Run">Does it.</param>
    private sealed record Step(string Label, string Kind, RunStages Stages, Func<bool> Done, Action Run)
    {
        /// <summary>0-based number of the folder of lines that it is of; null where others need it too.</summary>
        public int? Folder { get; init; }
    }

    private IEnumerable<Step> Steps(string model)
    {
        var shared = Stages(job with { Experiment = _experiment }, folder);
        var calibrate = shared.Calibrate(model);
        yield return new("calibrate", "calibrate", shared, () => calibrate.IsDone, calibrate.Run);
        Line[] lines = [.. _experiment.Variants!.Select(variant => Open(variant, model))];
        foreach (string name in EvidenceFiles.Names.Where(name =>
            lines.Any(line => line.Sparsity is null && !line.InRounds && EvidenceFiles.NeededBy(line.Own.Plan!).Contains(name))))
        {
            var measure = shared.Measure(name, model);
            yield return new($"evidence {name}", "evidence", shared, () => measure.IsDone, measure.Run);
        }
        foreach (Line line in lines.DistinctBy(line => line.Dense))
        {
            var own = Stages(job with { Experiment = line.Own }, folder);
            foreach (var evaluate in own.Evaluations(line.Dense, model, shared.At(line.Dense)))
                yield return new($"evaluate {line.Dense}", "evaluate", own, () => evaluate.IsDone, evaluate.Run);
        }
        Line[][] folders = [.. lines.GroupBy(line => line.Folder).Select(own => own.ToArray())];
        foreach (Line line in folders.Select(own => own[0]).Where(line => line.Sparsity is null && !line.InRounds))
        {
            var plan = line.Stages.Plan(shared.At(LayerSimilarity.Name));
            yield return new($"{line.Folder}: plan", "plan", line.Stages, () => plan.IsDone, plan.Run);
        }
        Line[][] timed = _experiment.Evaluate!.LatencySamples == 0
            ? []
            : [.. folders.Where(own => own[0].Own.Plan!.Method == "interlace" && !own[0].InRounds)];
        if (timed.Length > 0)
        {
            var latency = shared.Latency([("dense", model), .. timed.Select(own => (own[0].Folder, own[0].Stages.At(RunFolder.Pruned)))]);
            foreach (Line[] own in timed)
                yield return new($"{own[0].Folder}: prune", "prune", own[0].Stages, () => own[0].Reduce.IsDone || latency.IsDone
                    && own.All(Done), own[0].Reduce.Run);
            yield return new("latency", "latency", shared, () => latency.IsDone, latency.Run);
        }
        // what is only pruned comes first: it is quick
        foreach (var (number, own) in folders.OrderBy(own => own.Any(line => line.Tuned)).Index())
            foreach (var step in Steps(own, reduced: timed.Contains(own))) yield return step with { Folder = number };
    }

    /// <summary>The stages of the lines of one folder.</summary>
    private IEnumerable<Step> Steps(Line[] own, bool reduced)
    {
        Line line = own[0];
        bool Complete() => own.All(Done);
        if (line.InRounds)
        {
            yield return new($"{line.Folder}: rounds", "rounds", line.Stages, () => Complete() || line.Tune.IsDone, line.Tune.Run);
            foreach (Line asked in own) yield return Evaluation(asked, own);
            yield break;
        }
        string reduce = line.Sparsity is null ? "prune" : "sparsify";
        if (!reduced)
            yield return new($"{line.Folder}: {reduce}", reduce, line.Stages, () => Complete() || line.Reduce.IsDone, line.Reduce.Run);
        foreach (Line asked in own.Where(l => !l.Tuned)) yield return Evaluation(asked, own);
        if (!own.Any(l => l.Tuned)) yield break;
        yield return new($"{line.Folder}: finetune", "finetune", line.Stages, () => Complete() || line.Tune.IsDone, line.Tune.Run);
        foreach (Line asked in own.Where(l => l.Tuned)) yield return Evaluation(asked, own);
    }

    private Step Evaluation(Line line, Line[] own)
    {
        return new($"{line.Folder}: evaluate {line.EvaluationName}", "evaluate", line.Stages, () => Done(line), () =>
        {
            foreach (var evaluation in line.Evaluations.Where(evaluation => !evaluation.IsDone)) evaluation.Run();
            if (DiscardModels && own.All(Done))
                foreach (string done in new[] { RunFolder.Pruned, RunFolder.Tuned, RunFolder.Rounds }.Select(n => line.Stages.At(n))
                    .Where(Directory.Exists))
                    Directory.Delete(done, recursive: true);
        });
    }

    /// <summary>A variant with its folder's stages.</summary>
    /// <param name="Own">The experiment of this line alone.</param>
    /// <param name="Sparsity">How weights are made sparse; null where layers are dropped.</param>
    /// <param name="Folder">Name of its folder.</param>
    /// <param name="Tuned">The tuned model is asked.</param>
    /// <param name="EvaluationName">Name of the evaluation.</param>
    /// <param name="Dense">Name of the dense model's evaluation that it is compared with.</param>
    /// <param name="Stages">The folder's stages.</param>
    /// <param name="Reduce">The one that prunes or sparsifies.</param>
    /// <param name="Tune">The one that tunes, or does everything in rounds.</param>
    /// <param name="Evaluations">Those that evaluate.</param>
    private sealed record Line(Experiment Own, SparsityOptions? Sparsity, string Folder, bool Tuned, string EvaluationName, string Dense,
        RunStages Stages, RunStage Reduce, RunStage Tune, IReadOnlyList<RunStage> Evaluations)
    {
        public bool InRounds => Sparsity is null && Own.Plan!.Rounds > 1;

        /// <summary>What reports call its model.</summary>
        public string Model => Tuned || InRounds ? "recovered" : "dropped";
    }

    private Line Open(Variant variant, string model)
    {
        var own = variant.In(_experiment);
        string name = variant.FolderIn(_experiment);
        var sparsity = variant.SparsityIn(_experiment);
        bool tuned = Tunes(variant, _experiment), inRounds = sparsity is null && own.Plan!.Rounds > 1;
        PlainName.Check(name, "The folder of a variant");
        var stages = Stages(job.Part(own, name), Path.Combine(folder, RunFolder.Variants, name));
        string evaluation = variant.EvaluationIn(_experiment, tuned ? "recovered" : "dropped");
        return new(own, sparsity, name, tuned, evaluation, variant.EvaluationIn(_experiment, Dense), stages,
            sparsity is null ? stages.Prune(model) : stages.Sparsify(model, sparsity), inRounds
                ? stages.InRounds(model) : stages.Tune(model),
            stages.Evaluations(evaluation, stages.At(tuned || inRounds ? RunFolder.Tuned : RunFolder.Pruned),
                stages.At(RunFolder.Evaluated, evaluation)));
    }

    private RunStages Stages(Job own, string at) => new(own, at, _identities);

    private bool Done(Line line) =>
        line.Evaluations.Count > 0 ? line.Evaluations.All(evaluation => evaluation.IsDone)
            : line.Tuned ? line.Tune.IsDone : line.Reduce.IsDone;

    private void Announce(List<Step> steps)
    {
        Step[] left = [.. steps.Where(step => !step.Done())];
        string kinds = string.Join(", ", left.GroupBy(step => step.Kind).Select(kind => $"{kind.Count()} x {kind.Key}"));
        job.Say(left.Length == 0 ? $"All {steps.Count} stages are done." : $"{steps.Count - left.Length} of {steps.Count} stages are "
            + $"done; left are {kinds}{TimeLeft(steps)}.");
    }

    /// <summary>What the stages that are left will take, by what others of their kind took;
    /// kinds of which none was measured yet are not counted.</summary>
    private static string TimeLeft(List<Step> steps)
    {
        var took = steps.Select(step => step.Stages).Distinct().SelectMany(stages => stages.Costs).GroupBy(cost => cost.Name.Split(' ')[0])
            .ToDictionary(kind => kind.Key, kind => kind.Average(cost => cost.Seconds));
        Step[] left = [.. steps.Where(step => !step.Done() && step.Kind != "plan")];
        Step[] known = [.. left.Where(step => took.ContainsKey(step.Kind))];
        if (known.Length == 0) return "";
        double minutes = known.Sum(step => took[step.Kind]) / 60;
        return $"; {(known.Length < left.Length ? "at least" : "about")} "
            + $"{minutes.ToString(minutes < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)} min left";
    }

    /// <summary>The calibration measures the longest window that any line looks at, and SLEB's order goes as far as any line.</summary>
    private static Experiment Widened(Experiment experiment)
    {
        if (experiment.Model is null || experiment.Variants is not { } lines) return experiment;
        int layers = Preflight.LayerCount(experiment.Model);
        PlanOptions[] plans = [.. lines.Select(line => line.In(experiment).Plan!)];
        var calibrate = experiment.Calibrate!;
        double sleb = plans.Where(plan => EvidenceFiles.MethodsOf(plan).Contains(EvidenceFiles.Sleb))
            .Select(plan => plan.Ratio).DefaultIfEmpty(0).Max();
        return experiment with { Calibrate = calibrate with { SlebRatio = Math.Max(calibrate.SlebRatio, sleb),
            MaxWindow = Math.Max(calibrate.MaxWindow, Preflight.LongestWindow(plans, layers)) } };
    }
}
