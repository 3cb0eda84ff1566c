using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;

namespace Interlace.Pruning;

/// <summary>
/// The stage <c>calibrate</c> as an experiment asks for it.
/// Under <c>calibrate.adaptive</c> it stops when the plan would hardly change with other samples:
/// when, at two checks in a row, the plan drops the same layers
/// and they come out in enough of the drawings of <see cref="PlanBootstrap"/>.
/// <c>stability.json</c> says what was saved and how sure the plan is.
/// </summary>
public static class AdaptiveCalibration
{
    /// <summary>Runs or resumes the stage, adaptive or not.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="job">The work; it ends after a batch, and the same call goes on from there.</param>
    /// <param name="folder">Where the artefacts go.</param>
    /// <exception cref="InputException">The data is absent or unusable, or there is no such plan.</exception>
    public static LayerSimilarity Run(LoadedModel loaded, Job job, string folder)
    {
        var experiment = job.Experiment;
        Check(experiment);
        if (!experiment.Calibrate!.Adaptive)
            return CalibrationStage.Run(loaded, job, folder);

        string path = Path.Combine(folder, LayerSimilarity.Name);
        var criterion = new Criterion(new(loaded.Model.Layers.Count, loaded.Model.AddedLevels, experiment.Plan!, experiment.Seed),
            experiment.Calibrate.AdaptiveConfidence);
        LayerSimilarity similarity;
        if (!File.Exists(path))
            similarity = CalibrationStage.Run(loaded, job, folder, criterion.Enough);
        else
        {
            // Killed between the two artefacts: the checks follow from the sums.
            similarity = CalibrationStage.Finished(loaded, folder);
            var (samples, metadata) = SampleSumsFile.Beside(path, similarity);
            string beside = Path.Combine(folder, LayerSimilarity.SamplesName);
            foreach (int count in new SavedState(beside, metadata).Numbers(SampleSumsFile.Checks, samples.Count))
                criterion.Enough([.. samples.Take(count)]);
        }
        var stability = PlanStability.Of(path, experiment.Plan!, experiment.Seed) with { Checks = [.. criterion.Checks] };
        stability.Save(Path.Combine(folder, PlanStability.Name));
        job.Say($"Used {stability.Samples} samples of {stability.Drawn} drawn; "
            + $"the layers {string.Join(", ", stability.Drop)} come out in {stability.DropAgreement:0.0 %} of {stability.Resamples} "
            + "resamplings.");
        return similarity;
    }

    /// <summary>Says early that a plan does not depend on what is measured.</summary>
    /// <exception cref="InputException">The calibration is adaptive and the method looks at no similarity.</exception>
    public static void Check(Experiment experiment)
    {
        const EvidenceNeeds measured =
            EvidenceNeeds.LayerSimilarity | EvidenceNeeds.TripletSimilarity | EvidenceNeeds.WindowSimilarity | EvidenceNeeds.WindowAngle;
        experiment = experiment.Complete();
        if (experiment.Calibrate!.Adaptive && (Methods.Find(experiment.Plan!.Method).Needs & measured) == 0)
        {
            throw new InputException("calibrate.adaptive stops when the plan no longer changes, but the plan of the method "
                + $"'{experiment.Plan.Method}' does not depend on similarities: choose another method, or turn it off.");
        }
    }

    private sealed class Criterion(PlanBootstrap bootstrap, double confidence)
    {
        private readonly List<StabilityCheck> _checks = [];

        public IReadOnlyList<StabilityCheck> Checks => _checks;

        public bool Enough(IReadOnlyList<SampleSums> samples)
        {
            var found = bootstrap.Of(samples);
            var (last, check) = (_checks.LastOrDefault(),
                new StabilityCheck(samples.Count, [.. found?.Plan.Drop ?? []], found?.SameDrop ?? 0));
            _checks.Add(check);
            return last is not null && last.Agreement >= confidence && check.Agreement >= confidence
                && last.Drop.AsSpan().SequenceEqual(check.Drop);
        }
    }
}
