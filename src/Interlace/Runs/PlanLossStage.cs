using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Interlace.Pruning.Losses;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Runs;

/// <summary>
/// Measures <c>evidence/best.json</c>: the losses of the plans that the method <c>best</c> compares, each as the pruned model is and with
/// its dropped layers bridged. Kept after every plan.
/// </summary>
internal static class PlanLossStage
{
    private const string States = "best.states";

    /// <summary>Measures what the plans of an experiment need.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="job">The work; it ends after a pass.</param>
    /// <param name="folder">The folder of the calibration, with the evidence that the methods need.</param>
    /// <param name="data">The samples.</param>
    /// <param name="model">The model's identity.</param>
    /// <exception cref="InputException">There is no calibration, or what is there was measured otherwise.</exception>
    public static void Run(LoadedModel loaded, Job job, string folder, EvidenceStage.EvidenceData data, ModelIdentity model)
    {
        string path = EvidenceFiles.PathOf(folder, EvidenceFiles.Best), state = Path.ChangeExtension(path, ".state.json");
        int layers = loaded.Model.Layers.Count;
        var table = new PlanLosses(PlanLosses.CurrentFormat, ProgramVersion.CreatedBy, data.Settings,
            BridgeStage.Settings(job.Experiment, job.Compute), job.Experiment.Seed, new(model, data.Identity), layers, data.Samples.Count,
            data.Tokens, data.AnswerTokens, data.Skipped, 0, []);
        if (File.Exists(path) && !PlanLosses.Load(path).IsOfTheSame(table))
        {
            throw new InputException($"{path} was measured with other settings or samples and lacks plans that are asked for: "
                + "name another folder, or delete it.");
        }
        PlanLosses[] saved = [.. new[] { state, path }.Where(File.Exists).Select(PlanLosses.Load)];
        if (saved.Length > 0) SameModel.Require(saved[0].Inputs.Model, model, state);
        var before = Array.Find(saved, found => found.IsOfTheSame(table));

        using var losses = SharedLosses.Lead(data, loaded.Model, job, keptBytes: 0);
        table = before ?? table with { Loss = losses.Of([.. Enumerable.Range(0, layers)], job.Cancellation) };
        int[][] drops = [.. Drops(job.Experiment, folder).Where(drop => table.Of(drop) is null)];
        job.Say($"{BestOf.Name}: {drops.Length} plans to measure, each by the loss of its pruned model over {data.Samples.Count} samples, "
            + "as it is and bridged; nothing is trained.");
        foreach (var (i, drop) in drops.Index())
        {
            job.Progress?.Report(new($"evidence {BestOf.Name}", i, drops.Length, "plans", string.Join(", ", drop)));
            var plan = PruningPlan.Create(layers, drop, []);
            double? loss = Finite(() => losses.Of([.. plan.Kept], job.Cancellation));
            double? bridged = BridgeStage.Look(loaded.Folder, plan, Path.Combine(Path.GetDirectoryName(path)!, States), job, with =>
            {
                using var own = new LayerLosses(with.Model, data.Samples, data.Settings.BatchTokens, keptBytes: 0);
                return Finite(() => own.Of([.. plan.Kept], job.Cancellation));
            });
            loaded.Model.CheckUnchanged();
            table = table.With(new(drop, loss, bridged));
            table.Save(state);
        }
        table.Save(state);
        File.Move(state, path, overwrite: true);
    }

    /// <summary>Whether the losses of every plan that is compared are in the file.</summary>
    public static bool Holds(Experiment experiment, string folder)
    {
        var table = PlanLosses.Load(EvidenceFiles.PathOf(folder, EvidenceFiles.Best));
        return Drops(experiment, folder).All(drop => table.Of(drop) is not null);
    }

    /// <summary>The dropped layers of the plans that are compared, each once, as far as there are such plans.</summary>
    private static IEnumerable<int[]> Drops(Experiment experiment, string folder)
    {
        var similarity = LayerSimilarity.Load(Path.Combine(folder, LayerSimilarity.Name));
        var drops = new List<int[]>();
        foreach (var plan in EvidenceStage.Plans(experiment).Where(plan => plan.Method == BestOf.Name))
            foreach (string method in EvidenceFiles.MethodsOf(plan))
            {
                try
                {
                    drops.Add([.. PlanStage.Run(similarity, plan with { Method = method, Rounds = 1 }, experiment.Seed, folder).Drop]);
                }
                catch (InputException)
                {
                    continue;   // the table of the plan says why
                }
            }
        return drops.Where(drop => drop.Length > 0).DistinctBy(drop => string.Join(',', drop));
    }

    private static double? Finite(Func<double> measure)
    {
        try
        {
            return measure() is var loss && double.IsFinite(loss) ? loss : null;
        }
        catch (NotANumberException)
        {
            return null;
        }
    }
}
