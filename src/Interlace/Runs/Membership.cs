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
using Interlace.Vlm.Engine;

namespace Interlace.Runs;

/// <summary>What a rank that does not lead does: the table of tasks to which stages call it.</summary>
public static class Membership
{
    private static readonly Dictionary<string, Action<Job, JsonObject, ReadyModel>> Tasks = new(StringComparer.Ordinal)
    {
        [DealtCalibration.Task] = WithModel(DealtCalibration.Join),
        [SharedLosses.Task] = WithModel(SharedLosses.Join),
        [EvidenceFiles.Taylor] = WithModel(EvidenceStage.JoinTaylor),
        [SparsifyStage.Task] = WithModel(SparsifyStage.Join),
        [FineTuneStage.Task] = WithoutModel(FineTuneStage.Join),
        [DealtAnswers.Task] = WithModel(Evaluator.Join),
        [LikelihoodStage.Task] = WithModel((loaded, job, _) => LikelihoodStage.Join(loaded, job)),
        [DealtLines.Task] = WithoutModel(DealtLines.Join),
        [RankSurvey.Task] = WithoutModel((job, _) => RankSurvey.Join(job)),
    };

    /// <summary>
    /// Serves until the leader ends the program. A member reads models and data as the leader names them, and writes nothing.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="threads">Threads of the engine; the member's share of the machine's cores where absent.</param>
    /// <exception cref="InputException">A model or data are wrong, as seen from this rank's machine.</exception>
    public static void Serve(RankGroup group, int? threads = null)
    {
        // The leader does this too before it calls. What is wrong with the engine is said when a task needs it.
        var engine = Task.Run(Compute.LoadEngine);
        try
        {
            using var ready = new ReadyModel();
            group.Serve(content => ready.Open(Job.Of(group, content, threads), content), (task, content) =>
            {
                var job = Job.Of(group, content, threads);
                job.ConnectDevices();
                Tasks[task](job, content, ready);
            });
        }
        finally
        {
            Task.WhenAny(engine).Wait();   // no process may end while a library is being loaded
        }
    }

    private static Action<Job, JsonObject, ReadyModel> WithModel(Action<LoadedModel, Job, JsonObject> join) => (job, content, ready) =>
    {
        using var loaded = ready.Take(job, content);
        join(loaded, job, content);
    };

    private static Action<Job, JsonObject, ReadyModel> WithoutModel(Action<Job, JsonObject> join) => (job, content, ready) =>
    {
        ready.Dispose();
        join(job, content);
    };
}
