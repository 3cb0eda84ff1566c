using System.Text.Json.Nodes;
using Interlace.Jobs;
using Interlace.Pruning.Losses;
using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>Losses whose passes the ranks share.</summary>
internal static class SharedLosses
{
    /// <summary>Name of the task.</summary>
    public const string Task = "losses";

    /// <summary>The leader's losses; the members are called, and let go when it is disposed.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="model">The model.</param>
    /// <param name="job">The work.</param>
    /// <param name="keptBytes">Most bytes of residual streams that each rank keeps.</param>
    public static LayerLosses Lead(EvidenceStage.EvidenceData data, VisionLanguageModel model, Job job, long keptBytes = KeptBytes)
    {
        if (job.Ranks.Count > 1) job.Call(Task, data.Folder, new() { ["kept_bytes"] = keptBytes });
        return new(model, data.Samples, data.Settings.BatchTokens, keptBytes, job.Ranks);
    }

    /// <summary>A member's part.</summary>
    public static void Join(LoadedModel loaded, Job job, JsonObject content)
    {
        var data = EvidenceStage.Load(loaded, job);
        using var losses = new LayerLosses(loaded.Model, data.Samples, data.Settings.BatchTokens, (long)content["kept_bytes"]!, job.Ranks);
        losses.Join();
    }

    private const long KeptBytes = 2L << 30;
}
