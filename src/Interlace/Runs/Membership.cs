using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Evaluation;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Likelihoods;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Pruning.Sparsity;
using Interlace.Ranks;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>What a rank that does not lead does: the table of tasks to which stages call it.</summary>
public static class Membership
{
    private static readonly Dictionary<string, Action<Job, JsonObject>> Tasks = new(StringComparer.Ordinal)
    {
        [DealtCalibration.Task] = WithModel(DealtCalibration.Join),
        [SharedLosses.Task] = WithModel(SharedLosses.Join),
        [EvidenceFiles.Taylor] = WithModel(EvidenceStage.JoinTaylor),
        [SparsifyStage.Task] = WithModel(SparsifyStage.Join),
        [FineTuneStage.Task] = WithModel(FineTuneStage.Join),
        [DealtAnswers.Task] = WithModel((loaded, job, _) => Evaluator.Join(loaded, job)),
        [LikelihoodStage.Task] = WithModel((loaded, job, _) => LikelihoodStage.Join(loaded, job)),
        [DealtLines.Task] = DealtLines.Join,
        [RankSurvey.Task] = (job, _) => RankSurvey.Join(job),
    };

    /// <summary>
    /// Serves until the leader ends the program. A member reads models and data as the leader names them, and writes nothing.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="threads">Threads of the engine; the member's share of the machine's cores where absent.</param>
    /// <exception cref="InputException">A model or data are wrong, as seen from this rank's machine.</exception>
    public static void Serve(RankGroup group, int? threads = null) =>
        group.Serve((task, content) => Tasks[task](Job.Of(group, content, threads), content));

    private static Action<Job, JsonObject> WithModel(Action<LoadedModel, Job, JsonObject> join) => (job, content) =>
    {
        using var loaded = job.Open((string)content["model"]!);
        join(loaded, job, content);
    };
}
