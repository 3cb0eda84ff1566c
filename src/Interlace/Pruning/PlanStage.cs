using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Pruning;

/// <summary>The stage <c>plan</c>: <c>similarity.json</c>, and the evidence beside it that the method needs,
/// -> <c>plan.json</c>. It reads numbers only, so it takes milliseconds.</summary>
public static class PlanStage
{
    /// <summary>The plan that the options ask for.</summary>
    /// <param name="similarity">What calibration measured.</param>
    /// <param name="options">How layers are chosen.</param>
    /// <param name="seed">Seed of the methods that use chance.</param>
    /// <param name="folder">The run folder, in which further evidence lies; null where only similarities are to be used.</param>
    /// <exception cref="PlanException">No such method, a wrong ratio, missing evidence,
    /// or more layers than the method can drop.</exception>
    /// <exception cref="Vlm.InputException">A file of evidence is wrong.</exception>
    public static PruningPlan Run(LayerSimilarity similarity, PlanOptions options, int seed, string? folder = null) =>
        Run(similarity, options, seed, folder is null ? EvidenceFiles.None : EvidenceFiles.Load(folder, Methods.Find(options.Method)),
            folder is null ? null : SamplesOf(similarity, options, folder));

    /// <summary>The sums per sample beside a calibration's artefact, where the plan needs them.</summary>
    internal static IReadOnlyList<SampleSums>? SamplesOf(LayerSimilarity similarity, PlanOptions options, string folder) =>
        SelectionRules.Of(options).Weighting == Weighting.Samples
            ? SampleSumsFile.Beside(Path.Combine(folder, LayerSimilarity.Name), similarity).Samples : null;

    /// <summary>The plan that the options ask for.</summary>
    /// <param name="similarity">What calibration measured.</param>
    /// <param name="options">How layers are chosen.</param>
    /// <param name="seed">Seed of the methods that use chance.</param>
    /// <param name="files">Further evidence.</param>
    /// <param name="samples">The sums of each sample, needed under <c>plan.weighting=samples</c>.</param>
    /// <exception cref="PlanException">No such method, a wrong ratio, missing evidence,
    /// or more layers than the method can drop.</exception>
    public static PruningPlan Run(LayerSimilarity similarity, PlanOptions options, int seed, EvidenceFiles files,
        IReadOnlyList<SampleSums>? samples = null)
    {
        bool bySample = SelectionRules.Of(options).Weighting == Weighting.Samples;
        if (bySample && samples is null)
            throw new PlanException("plan.weighting=samples needs the sums of each sample, which lie in the folder of the calibration.");
        int protectedLevels = options.Protect ? similarity.VisualLevels : 0;
        var evidence = Evidence.Of(similarity, options.Tokens, protectedLevels, seed, bySample ? samples : null);
        if (options.ProtectSinks && similarity.Sinks is null) throw NoProfile();
        evidence = evidence with { KeepsSinks = options.ProtectSinks, SinkWriters = similarity.Sinks?.Writers ?? [] };
        return Run(files.AddTo(evidence, similarity.Inputs.Model), options, similarity.Inputs.Model);
    }

    /// <summary>The refusal to keep layers that write sinks where nobody knows which they are.</summary>
    internal static PlanException NoProfile() =>
        new("plan.protect_sinks needs to know which layers write attention sinks, and the calibration is of a version that did not "
            + "measure it: calibrate again, or plan without it.");

    /// <summary>The plan that the options ask for, from evidence at hand.</summary>
    /// <exception cref="PlanException">No such method, a wrong ratio, or more layers than the method can drop.</exception>
    internal static PruningPlan Run(Evidence evidence, PlanOptions options, ModelIdentity? model = null)
    {
        if (options.Rounds > 1)
        {
            throw new PlanException("plan.rounds is more than 1: the rounds after the first need a tuned model, "
                + "so only a whole run makes them; see interlace run.");
        }
        var selection = options.Selection switch
        {
            "greedy" => Selection.Greedy,
            "optimal" => Selection.Optimal,
            _ => throw new PlanException($"The selection is '{options.Selection}': choose greedy or optimal."),
        };
        var choice = new MethodOptions(selection, options.ProtectEnds, SelectionRules.Of(options), options.LongestRun, options.Candidates,
            SelectionRules.Parse<TuneRule>(options.Tune, "plan.tune"), SelectionRules.Parse<BestBy>(options.BestBy, "plan.best_by"))
        {
            BestOf = BestOf.Parse(options.BestOf),
        };
        return Methods.Plan(options.Method, evidence, options.Ratio, choice, model);
    }
}
