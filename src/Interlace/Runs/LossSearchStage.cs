using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Losses;
using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>
/// Measures <c>evidence/interlace-loss.json</c>: the search of the method <c>interlace-loss</c> runs as it does in a plan, and every loss
/// that it asks for and that is not there yet is measured. Kept after every round.
/// </summary>
internal static class LossSearchStage
{
    /// <summary>Runs or resumes the searches of an experiment's plans.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="job">The work; it ends after a pass.</param>
    /// <param name="folder">The folder of the calibration.</param>
    /// <param name="data">The samples.</param>
    /// <param name="inputs">The model and the data.</param>
    /// <exception cref="InputException">There is no calibration or no such plan, or what is there was measured otherwise.</exception>
    public static void Run(LoadedModel loaded, Job job, string folder, EvidenceStage.EvidenceData data, EvidenceInputs inputs)
    {
        string path = EvidenceFiles.PathOf(folder, EvidenceFiles.InterlaceLoss), state = Path.ChangeExtension(path, ".state.json");
        var similarity = LayerSimilarity.Load(Path.Combine(folder, LayerSimilarity.Name));
        int layers = loaded.Model.Layers.Count;
        var table = new MeasuredLosses(MeasuredLosses.CurrentFormat, ProgramVersion.CreatedBy, data.Settings, job.Experiment.Seed, inputs,
            layers, data.Samples.Count, data.Tokens, data.AnswerTokens, data.Skipped, 0, []);
        if (File.Exists(path) && !MeasuredLosses.Load(path).IsOfTheSame(table))
        {
            throw new InputException($"{path} was measured with other settings or samples and lacks losses that are asked for: "
                + "name another folder, or delete it.");
        }
        MeasuredLosses[] saved = [.. new[] { state, path }.Where(File.Exists).Select(MeasuredLosses.Load)];
        if (saved.Length > 0) SameModel.Require(saved[0].Inputs.Model, inputs.Model, state);
        var before = Array.Find(saved, found => found.IsOfTheSame(table));

        using var losses = SharedLosses.Lead(data, loaded.Model, job);
        table = before ?? table with { Loss = losses.Of([.. Enumerable.Range(0, layers)], job.Cancellation) };
        foreach (var plan in Searches(job.Experiment))
        {
            int count = DropCount.For(plan.Ratio, layers), round = 0;
            long most = Announce(plan, similarity, count, losses.BatchCount, job), behind = 0;
            PlanStage.Run(similarity, plan, job.Experiment.Seed, EvidenceFiles.None with
            {
                LossesWithout = (removed, candidates) =>
                {
                    round++;
                    int[] missing = table.Missing(removed, candidates);
                    if (missing.Length > 0)
                    {
                        int[] alive = [.. Enumerable.Range(0, layers).Except(removed)];
                        double[] found = losses.Each(alive, missing, passed => job.Progress?.Report(new("evidence interlace-loss",
                            behind + passed, Math.Max(most, behind + passed), "passes", $"round {round} of {count}")), job.Cancellation);
                        loaded.Model.CheckUnchanged();
                        table = table.With(removed, missing, found);
                        table.Save(state);
                    }
                    behind += (long)candidates.Count * losses.BatchCount;
                    return table.Of(removed, candidates)!;
                },
            }, PlanStage.SamplesOf(similarity, plan, folder));
        }
        loaded.Model.CheckUnchanged();
        table.Save(state);
        File.Move(state, path, overwrite: true);
    }

    /// <summary>Whether every search of an experiment's plans finds its losses in the file.</summary>
    public static bool Holds(Experiment experiment, string folder)
    {
        var table = MeasuredLosses.Load(EvidenceFiles.PathOf(folder, EvidenceFiles.InterlaceLoss));
        var similarity = LayerSimilarity.Load(Path.Combine(folder, LayerSimilarity.Name));
        bool holds = true;
        foreach (var plan in Searches(experiment))
        {
            if (!holds) break;
            PlanStage.Run(similarity, plan, experiment.Seed, EvidenceFiles.None with
            {
                // One that lacks is filled up, so that the search ends in an ordinary way.
                LossesWithout = (removed, candidates) =>
                {
                    var found = holds ? table.Of(removed, candidates) : null;
                    holds &= found is not null;
                    return found ?? new double[candidates.Count];
                },
            }, PlanStage.SamplesOf(similarity, plan, folder));
        }
        return holds;
    }

    /// <summary>The searches that an experiment's plans ask for; that of its own ratio where none does.</summary>
    private static IReadOnlyList<PlanOptions> Searches(Experiment experiment)
    {
        PlanOptions[] plans = [.. EvidenceStage.Plans(experiment)
            .Where(plan => EvidenceFiles.MethodsOf(plan).Contains(EvidenceFiles.InterlaceLoss))];
        PlanOptions[] asked = plans.Length > 0 ? plans : [experiment.Complete().Plan!];
        string tune = new PlanOptions().Tune;
        return [.. asked.Select(plan => plan with { Method = EvidenceFiles.InterlaceLoss, Tune = tune, Rounds = 1 }).Distinct()];
    }

    /// <summary>Says what a search will cost, before it begins. -> most passes.</summary>
    private static long Announce(PlanOptions plan, LayerSimilarity similarity, int count, int batches, Job job)
    {
        var evidence = new Evidence(similarity.Layers)
        {
            ProtectedLayers = plan.Protect ? similarity.VisualLevels : 0, KeepsSinks = plan.ProtectSinks,
            SinkWriters = similarity.Sinks?.Writers ?? [],
        };
        int most = InterlaceLoss.MostLosses(evidence, count, new(LongestRun: plan.LongestRun, Candidates: plan.Candidates));
        job.Say($"{EvidenceFiles.InterlaceLoss}: {count} of {similarity.Layers} layers in {count} rounds, at most {most} losses over "
            + $"{batches} batches, {(long)most * batches} passes through the layers above the one left out; what was measured is not "
            + "measured again.");
        return (long)most * batches;
    }
}
